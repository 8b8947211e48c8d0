"""How the runs of a study are started: here, in processes beside this one, or on a cluster.

Each module is one `hydra/launcher`: it takes jobs, and yields what each returned as it ends, in any order. Whatever
ends a job, its death is a failed return like any other, and the other jobs go on.
"""

import os
import pickle
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from ablate.config.messages import sentence, unwrapped

Ends = Generator[tuple[int, JobReturn] | None, None, None]  # position and return as each job ends, None between


@dataclass
class Job:
    """A run of a study, as a call that can be made in another process or on another machine with the same folders."""

    context: HydraContext
    task: TaskFunction
    config: DictConfig
    number: int
    overrides: Sequence[str]
    state: dict[str, Any]  # Hydra's own, of which all jobs of a study have the same
    directory: Path = field(default_factory=Path.cwd)

    def __call__(self) -> JobReturn:
        """Compose the run and do it; what it raises is in what is returned."""
        try:
            return self._run()
        except Exception as error:
            return failed(_portable(error))

    @property
    def folder(self) -> str:
        """The run's folder, relative to the study."""
        place = next(word for word in self.overrides if word.startswith("hydra.sweep.subdir="))
        return place.partition("=")[2].strip("'")

    def _run(self) -> JobReturn:
        os.chdir(self.directory)
        if not GlobalHydra.instance().is_initialized():  # each set_state imports all plugins again, and keeps the old
            Singleton.set_state(self.state)
            setup_globals()
        config = self.context.config_loader.load_sweep_config(self.config, list(self.overrides))
        with open_dict(config.hydra.job):
            config.hydra.job.id, config.hydra.job.num = str(self.number), self.number
        HydraConfig.instance().set_config(config)
        returned = run_job(
            hydra_context=self.context,
            task_function=self.task,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
        return JobReturn(status=returned.status, _return_value=_portable(returned._return_value))


def failed(error: Exception) -> JobReturn:
    """What a job returns that raised an error, or that was ended from outside."""
    return JobReturn(status=JobStatus.FAILED, _return_value=error)


def _portable(value: Any) -> Any:
    """The value, or an error in its place that says the same and can be sent to another process."""
    value = unwrapped(value) if isinstance(value, Exception) else value  # pickled, an error loses its cause
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:  # pickling calls what an error's class defines, which may raise anything
        return RuntimeError(sentence(value)) if isinstance(value, Exception) else None
    return value
