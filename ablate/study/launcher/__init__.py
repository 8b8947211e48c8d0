"""Launchers: execute the runs of a study in worker processes on this machine, or on a cluster.

Each module implements one `hydra/launcher`. Its function `launch` takes `Jobs` and yields their results as they end, in
any order. A job whose process is killed has a failed result; the other jobs continue.
"""

import os
import pickle
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from ablate.config.messages import sentence, unwrapped

# (index of the job, its result) as each job ends; None at least every second, to update the progress display
Results = Generator[tuple[int, JobReturn] | None, None, None]

More = Callable[[], Sequence[str] | None]  # returns the overrides of the next job, or None if there is none now
Ended = Callable[[int, JobReturn], None]  # called with the index and the result of a job


@dataclass
class Job:
    """A run of a study, as a picklable call for another process, or another machine that shares the file system."""

    context: HydraContext
    task: TaskFunction
    config: DictConfig
    number: int
    overrides: Sequence[str]
    state: dict[str, Any]  # Hydra's singletons
    directory: Path = field(default_factory=Path.cwd)

    def __call__(self) -> JobReturn:
        """Compose the configuration and run the task; an exception becomes a failed result."""
        try:
            return self._run()
        except Exception as error:
            return failed(_picklable(error))

    @property
    def folder(self) -> str:
        """The folder of the run, relative to the study."""
        subdir = next(override for override in self.overrides if override.startswith("hydra.sweep.subdir="))
        return subdir.partition("=")[2].strip("'")

    def _run(self) -> JobReturn:
        os.chdir(self.directory)
        if not GlobalHydra.instance().is_initialized():  # set_state imports all plugins again and leaks the old ones
            Singleton.set_state(self.state)
            setup_globals()
        config = self.context.config_loader.load_sweep_config(self.config, list(self.overrides))
        with open_dict(config.hydra.job):
            config.hydra.job.id, config.hydra.job.num = str(self.number), self.number
        HydraConfig.instance().set_config(config)
        result = run_job(
            hydra_context=self.context,
            task_function=self.task,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
        return JobReturn(status=result.status, _return_value=_picklable(result._return_value))


class Jobs(list[Job]):
    """The jobs of a launch, which the launcher takes one by one. A search adds further ones while others run.

    Args:
        jobs: those known at the start, at least one.
        more: returns the overrides of a further job, or None if there is none now.
    """

    def __init__(self, jobs: Sequence[Job], more: More = lambda: None) -> None:
        super().__init__(jobs)
        self.more, self.taken = more, 0

    @classmethod
    def of(
        cls,
        context: HydraContext,
        task: TaskFunction,
        config: DictConfig,
        overrides: Sequence[Sequence[str]],
        first: int,
        more: More = lambda: None,
    ) -> "Jobs":
        """The jobs with these overrides, one per run, numbered from `first`."""
        state, numbered = Singleton.get_state(), enumerate(overrides, first)
        return cls([Job(context, task, config, number, words, state) for number, words in numbered], more)

    def take(self) -> int | None:
        """The index of the next job; None if there is none now. Another may follow when a job ends."""
        if self.taken == len(self):
            if (overrides := self.more()) is None:
                return None
            self.append(replace(self[0], number=self[0].number + len(self), overrides=overrides))
        self.taken += 1
        return self.taken - 1


def failed(error: Exception) -> JobReturn:
    """The result of a job that raised an exception or was killed."""
    return JobReturn(status=JobStatus.FAILED, _return_value=error)


def _picklable(value: Any) -> Any:
    """Return the value if it can be pickled; else, for an exception, a RuntimeError with its message, or None."""
    value = unwrapped(value) if isinstance(value, Exception) else value  # pickling drops the cause of an exception
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:  # pickling calls methods of the exception's class, which may raise anything
        return RuntimeError(sentence(value)) if isinstance(value, Exception) else None
    return value
