"""A study as the command line describes it: what the sweepers of `ablate train` and `ablate plan` do with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from ablate.config import hydra_settings, validate
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.runs.tuning import TuningPlan
from ablate.study import overrides, phases, plan_of_command, retune, status_table, tune
from ablate.study.composer import PlanLoader
from ablate.study.launcher.other_launchers import task_of
from ablate.study.path import PATH
from ablate.study.plan_of_command import ComposedStudy
from ablate.study.resuming import folder_words, resuming
from ablate.study.stages import Decide
from ablate.study.submitted import leaving
from ablate.study.sweeper import sweep
from ablate.study.tuned_runs import Phase, tuning_plan

FOLDER_KEYS = ("study.name", "hydra.sweep.dir")  # that determine the folder of a study


@dataclass(frozen=True)
class StudyCommand:
    """A study of `ablate train -m` or `ablate plan`.

    Attributes:
        params: overrides from a study file, {key: value}.
        config: without the swept overrides.
        loader: composes the runs.
        start: creates the launcher of a configuration.
        launcher: of the study.
    """

    params: dict[str, Any]
    config: DictConfig
    loader: PlanLoader
    start: Callable[[DictConfig], Launcher]
    launcher: Launcher

    @property
    def folder(self) -> Path:
        """The folder of the study."""
        return Path(self.config.hydra.sweep.dir)

    def sweep(self, arguments: Sequence[str], decide: Decide) -> None:
        """Run the study. See `ablate.study.sweeper.sweep` for `decide` and the errors."""
        asked, advice = self.config.study, resuming(self.config, *FOLDER_KEYS)
        run_phase = partial(sweep, resuming=advice)
        composing = partial(self.compose, arguments)
        continues = bool(asked.stages or asked.tune or asked.design == PATH)
        with leaving(self.launcher, folder_words(self.config, *FOLDER_KEYS), continues):
            phases.run(
                self.config,
                self.tuning(),
                composing,
                self.start,
                self.launcher,
                run_phase,
                decide,
                asked.extend,
                asked.retrain,
            )

    def search(self, arguments: Sequence[str], settings: dict[str, Any]) -> None:
        """Run a hyperparameter search, with the settings of `hydra/sweeper=optuna`."""
        words = overrides.read(self.loader, self.params, arguments)
        with leaving(self.launcher, folder_words(self.config, *FOLDER_KEYS), more=True):
            tune.search(self.loader, self.launcher, self.config, words, settings)

    def preview(self, arguments: Sequence[str], probe: bool) -> StudyPlan:
        """Print the plan and return it. `probe`: time a few training steps of each variant."""
        study = self.compose(arguments)
        probing = {"probe": partial(self.seconds_per_run, study.overrides)} if probe else {}
        status_table.preview(study.plan, self.folder, self.config.study.extend, self.config.study.retrain, **probing)
        return study.plan

    def compose(self, arguments: Sequence[str], phase: Phase | None = None) -> ComposedStudy:
        """Compose the runs of a phase of the study; None: on its seeds, with the settings chosen so far."""
        phase = phase or retune.chosen_phase(self.folder, self.tuning())
        config = retune.in_tuning(self.config) if phase.is_tuning else self.config
        return plan_of_command.study(self.loader, config, self.params, arguments, phase)

    def tuning(self) -> TuningPlan | None:
        """How the settings of each variant are tuned; None: they are not."""
        validate(OmegaConf.create({"study": self.config.study}))
        settings: Any = OmegaConf.to_object(self.config.study)
        return tuning_plan(settings)

    def seconds_per_run(self, words: Mapping[str, list[str]], runs: Sequence[PlannedRun]) -> dict[str, float]:
        """Estimate the seconds per run from a few training steps: {variant: seconds}.

        Args:
            words: {run folder: overrides}.
            runs: those to estimate.
        """
        from ablate.study.launcher.worker_count import threads_of, workers_of  # imports PyTorch
        from ablate.study.probe import probe

        launcher: Any = self.launcher
        is_local = getattr(launcher, "module", None) == "local"
        threads = threads_of(workers_of(self.config, **launcher.settings)) if is_local else None
        return probe(runs, lambda run: self.loader.load_sweep_config(self.config, words[run.folder]), threads)


def set_up(context: HydraContext, task: TaskFunction, config: DictConfig, params: dict[str, Any]) -> StudyCommand:
    """Check Hydra's settings and create the launcher; InputError if a setting is not supported."""
    hydra_settings.check(config.hydra)
    loader: Any = PlanLoader(context.config_loader, config.hydra.searchpath)

    def start(config: DictConfig) -> Launcher:
        return Plugins.instance().instantiate_launcher(
            hydra_context=HydraContext(config_loader=loader, callbacks=context.callbacks),
            task_function=task_of(str(config.hydra.launcher._target_), task),
            config=config,
        )

    return StudyCommand(params, config, loader, start, start(config))
