"""The door through which Hydra finds our sweepers and launchers; all they do is in `ablate.study`."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from ablate.runs.study_plan import PlannedRun
    from ablate.study.compose import ComposedStudy


class StudySweeper(Sweeper):
    """`hydra/sweeper=study`, the default of `ablate train -m`; `params` are a study file's overrides."""

    launcher: Launcher

    def __init__(self, params: dict[str, Any] | None = None) -> None:
        self.params = params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the arguments of Hydra, and make its launcher."""
        # Imported late: Hydra scans this module at every start, and executes it again for each scan.
        from hydra.core.plugins import Plugins

        from ablate.study.composer import PlanLoader

        self.loader, self.config = PlanLoader(hydra_context.config_loader), config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=HydraContext(config_loader=self.loader, callbacks=hydra_context.callbacks),
            task_function=task_function,
            config=config,
        )

    def composed(self, arguments: list[str]) -> "ComposedStudy":
        """The study that the command line's `arguments` describe."""
        from ablate.study import compose

        return compose.study(self.loader, self.config, self.params, arguments)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study."""
        from ablate.study.sweeper import sweep

        return sweep(self.composed(arguments), self.launcher, self.config)


class OptunaSweeper(StudySweeper):
    """`hydra/sweeper=optuna`: a study whose variants are proposed as it goes."""

    def __init__(self, params: dict[str, Any] | None = None, **settings: Any) -> None:
        super().__init__(params)
        self.settings = settings

    def sweep(self, arguments: list[str]) -> Any:
        """Run the search."""
        from ablate.study.tune import search

        words = [f"{key}={value}" for key, value in self.params.items()] + list(arguments)
        return search(self.loader, self.launcher, self.config, words, self.settings)


class PlanSweeper(StudySweeper):
    """`hydra/sweeper=plan`, which is `ablate plan`: the same study, shown and not run.

    `probe` times a few steps; `power` reports the differences that the study has 80 % power to detect.
    """

    def __init__(self, params: dict[str, Any] | None = None, probe: bool = False, power: bool = False) -> None:
        super().__init__(params)
        self.probe, self.power = probe, power

    def sweep(self, arguments: list[str]) -> Any:
        """Print the plan."""
        from ablate.study.status_table import preview

        study = self.composed(arguments)
        probe = partial(self.probed, study.overrides) if self.probe else lambda runs: {}
        preview(study.plan, self.config, probe)
        if self.power:
            from pathlib import Path

            from ablate.analysis.study_power import preview as power

            print(*power(study.plan, Path(self.config.hydra.sweep.dir)), sep="\n")

    def probed(self, overrides: dict[str, list[str]], runs: "Sequence[PlannedRun]") -> dict[str, float]:
        """Seconds of a run, by variant."""
        from ablate.study.probe import probe

        return probe(runs, lambda run: self.loader.load_sweep_config(self.config, overrides[run.folder]))


class StudyLauncher(Launcher):
    """What our launchers share: jobs that stand alone, and returns in the order of the jobs."""

    module: str  # of ablate.study.launcher

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the arguments of Hydra."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs, and show how far they are."""
        import importlib

        from hydra.core.singleton import Singleton
        from omegaconf import OmegaConf

        from ablate.study.launch_progress import follow
        from ablate.study.launcher import Job

        state = Singleton.get_state()
        jobs = [
            Job(self.hydra_context, self.task_function, self.config, number, overrides, state)
            for number, overrides in enumerate(job_overrides, initial_job_idx)
        ]
        settings = {
            name: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            for name, value in self.settings.items()
        }
        module = importlib.import_module(f"ablate.study.launcher.{self.module}")
        return follow(jobs, module.launch(jobs, **settings))


class LocalLauncher(StudyLauncher):
    """`hydra/launcher=local`."""

    module = "local"


class SlurmLauncher(StudyLauncher):
    """`hydra/launcher=submitit_slurm`."""

    module = "submitit_slurm"


class RayLauncher(StudyLauncher):
    """`hydra/launcher=ray`."""

    module = "ray"
