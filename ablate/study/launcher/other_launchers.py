"""Runs in the worker processes of other launchers, such as joblib's."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from omegaconf import DictConfig

from ablate.backend import parent_death, processes

OUR_LAUNCHERS = "hydra_plugins.ablate_study."  # start of the names of the launchers of this package


def task_of(launcher: str, task: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    """The task for a launcher, given by its `_target_`. Launchers of this package end their workers themselves."""
    return task if launcher.startswith(OUR_LAUNCHERS) else EndsWithStudy(task)


@dataclass(frozen=True)
class EndsWithStudy:
    """A task whose worker process is killed when the process of the study has ended.

    joblib's workers otherwise wait forever for a study that was killed. Workers of a cluster are not children of the
    study, and not affected.

    Attributes:
        task: the main function of a run.
        study: process ID.
    """

    task: Callable[[DictConfig], Any]
    study: int = field(default_factory=os.getpid)

    def __call__(self, config: DictConfig) -> Any:
        """Run the task."""
        if os.getppid() == self.study:
            _end_with(self.study)
        return self.task(config)


@cache  # once per process
def _end_with(parent: int) -> None:
    parent_death.signaled(processes.KILL, parent)
