"""The launchers, each implemented by the module of its name in `ablate.study.launcher`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from ablate.study.launcher import Ended, More


class StudyLauncher(Launcher):
    """Base class of the launchers: builds self-contained jobs, and returns their results in the order of the jobs."""

    module: str  # in ablate.study.launcher, with a function `launch`
    takes_running = False  # whether it takes runs that are in a queue or being trained, and waits for them itself

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    @property
    def leaves(self) -> bool:
        """Whether it leaves the runs to a queue, and does not wait for them."""
        return self.settings.get("wait") is False

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store Hydra's objects."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs and show their progress."""
        return self._launch(job_overrides, initial_job_idx)

    def launch_from(self, more: "More", ended: "Ended", initial_job_idx: int) -> None:
        """Run jobs as workers are free for them, until none is left.

        Args:
            more: returns the overrides of the next job, or None if there is none now; another may follow when a job
                ends.
            ended: called with the index (from 0) and the result of each job as it ends.
            initial_job_idx: number of the first job.
        """
        if (first := more()) is not None:
            self._launch([first], initial_job_idx, more, ended)

    def _launch(
        self,
        job_overrides: Sequence[Sequence[str]],
        first: int,
        more: "More" = lambda: None,
        ended: "Ended" = lambda index, result: None,
    ) -> Sequence[JobReturn]:
        import importlib

        from ablate.study.launch_progress import show_progress
        from ablate.study.launcher import Jobs

        jobs = Jobs.of(self.hydra_context, self.task_function, self.config, job_overrides, first, more)
        module = importlib.import_module(f"ablate.study.launcher.{self.module}")
        return show_progress(jobs, module.launch(jobs, **self.plain_settings()), ended)

    def plain_settings(self) -> dict[str, Any]:
        """The settings as plain values."""
        from omegaconf import OmegaConf

        return {
            name: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            for name, value in self.settings.items()
        }


class LocalLauncher(StudyLauncher):
    """`hydra/launcher=local`: worker processes on this machine."""

    module = "local"


class SlurmLauncher(StudyLauncher):
    """`hydra/launcher=submitit_slurm`: jobs on a Slurm cluster."""

    module = "submitit_slurm"
    takes_running = True

    def follow_up(self, folder: Path, after: Sequence[str], command: Sequence[str]) -> str | None:
        """Submit a job that runs the command after these jobs; return its ID, None if there is one already."""
        from ablate.study.launcher.slurm_submission import follow_up

        return follow_up(folder, after, command, self.plain_settings())


class RayLauncher(StudyLauncher):
    """`hydra/launcher=ray`: tasks on a Ray cluster."""

    module = "ray"
