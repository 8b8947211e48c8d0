"""`hydra/sweeper=ablate`: the study of an app, with the sweeper of `ablate train`."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.config.quoting import quoted, shell_word
from ablate.files import atomic
from ablate.runs import finished, run_record, tuning
from ablate.study import phases, retune
from ablate.study.app import code, plan_of_command, results, settings
from ablate.study.app.task import RecordedTask
from ablate.study.composer import PlanLoader
from ablate.study.launcher.other_launchers import OUR_LAUNCHERS, task_of
from ablate.study.leftovers import Leftovers
from ablate.study.plan_of_command import ComposedStudy
from ablate.study.stages import Decide
from ablate.study.status_table import preview
from ablate.study.sweeper import sweep
from ablate.study.tuned_runs import Phase, tuning_plan

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class App:
    """An app whose study can be run.

    Attributes:
        settings: of the study.
        folder: of the study.
        config: the app's configuration with the `hydra` section, without the swept overrides.
        loader: composes the runs.
        start: creates the launcher of a configuration.
    """

    settings: settings.Settings
    folder: Path
    config: DictConfig
    loader: PlanLoader
    start: Callable[[DictConfig], Launcher]

    def sweep(self, arguments: Sequence[str], decide: Decide) -> None:
        """Run the study, or list its runs (`dry_run`). See `ablate.study.sweeper.sweep` for `decide` and the errors."""
        asked, advice, plan = self.settings, "Run the same command again to resume.", tuning_plan(self.settings)
        launcher = self.start(self.config)
        if not asked.states_direction:
            metric = asked.as_metric()
            stated = f"hydra.sweeper.metric={{name: {quoted(metric.name)}, direction: {metric.direction}}}"
            log.info("%s. To state the direction, set %s", metric.assumed_direction, shell_word(stated))

        def composing(phase: Phase) -> ComposedStudy:
            folder = self.folder / tuning.FOLDER if phase.is_tuning else self.folder
            return plan_of_command.study(self.loader, self.config, asked, arguments, folder, phase)

        if asked.dry_run:
            planned = composing(retune.chosen_phase(self.folder, plan)).plan
            preview(planned, self.folder, asked.extend, asked.retrain)
            return
        leftovers = Leftovers(self.resumes, has_output)
        run_phase = partial(sweep, resuming=advice, leftovers=leftovers)
        phases.run(self.config, plan, composing, self.start, launcher, run_phase, decide, asked.extend, asked.retrain)

    def resumes(self, folder: Path) -> bool:
        """Whether the folder of an interrupted run has a checkpoint that the app resumes from."""
        return any(next(results.below(folder, pattern), None) for pattern in self.settings.keep)


def has_output(folder: Path) -> bool:
    """Whether a run folder holds a run that ended, or more than the record, Hydra's files and an empty log."""
    if finished.worth_keeping(folder):  # also of an app that writes no file
        return True
    files = [path for path in folder.rglob("*") if path.is_file() and ".hydra" not in path.parts]
    output = [path for path in files if path.name != run_record.FILE and path.suffix != atomic.PART]
    return any(path.stat().st_size > 0 for path in output)


def set_up(context: HydraContext, task: TaskFunction, config: DictConfig) -> App:
    """Read the settings and create the launcher; InputError if a setting is not valid."""
    values: Any = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
    known = settings.read(values)
    launcher_settings: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    name = str(launcher_settings["_target_"])
    if name.startswith(OUR_LAUNCHERS):
        settings.check_launcher(launcher_settings)
    elif launcher := Plugins.instance().class_name_to_class.get(name):
        settings.check_other_launcher(launcher_settings, launcher)
    folder = plan_of_command.folder_of(config, known)
    with open_dict(config):
        config.hydra.sweep.dir = str(folder)
    loader: Any = PlanLoader(context.config_loader, config.hydra.searchpath)
    script = code.script_of(task)

    def start(config: DictConfig) -> Launcher:
        study = Path(config.hydra.sweep.dir)
        return Plugins.instance().instantiate_launcher(
            hydra_context=HydraContext(config_loader=loader, callbacks=context.callbacks),
            task_function=task_of(name, RecordedTask(task, study, known.as_metric(), known.best, script, known.ignore)),
            config=config,
        )

    return App(known, folder, config, loader, start)
