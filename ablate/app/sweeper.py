"""`hydra/sweeper=ablate`: the study of an app, with the sweeper of `ablate train`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.app import code, compose, results, settings
from ablate.app.task import RecordedTask
from ablate.files import atomic
from ablate.runs import run_record
from ablate.study.composer import PlanLoader
from ablate.study.launcher.others import OWN, task_of
from ablate.study.leftovers import Leftovers
from ablate.study.path import rounds
from ablate.study.stages import Decide
from ablate.study.status_table import preview
from ablate.study.sweeper import sweep


@dataclass(frozen=True)
class App:
    """An app whose study can be run.

    Attributes:
        settings: of the study.
        folder: of the study.
        config: the app's configuration with the `hydra` section, without the swept overrides.
        loader: composes the runs.
        launcher: starts them.
    """

    settings: settings.Settings
    folder: Path
    config: DictConfig
    loader: PlanLoader
    launcher: Launcher

    def sweep(self, arguments: Sequence[str], decide: Decide) -> None:
        """Run the study, or list its runs (`dry_run`). See `ablate.study.sweeper.sweep` for `decide` and the errors."""
        composing = partial(compose.study, self.loader, self.config, self.settings, arguments, self.folder)
        if self.settings.dry_run:
            preview(composing().plan, self.folder, self.settings.extend, self.settings.retrain)
            return
        asked, advice = self.settings, "Run the same command again to resume."
        leftovers = Leftovers(self.resumes, has_output)
        for study in rounds(composing):
            sweep(study, self.launcher, self.folder, advice, asked.extend, asked.retrain, leftovers, decide)

    def resumes(self, folder: Path) -> bool:
        """Whether the folder of an interrupted run has a checkpoint that the app resumes from."""
        return any(next(results.below(folder, pattern), None) for pattern in self.settings.keep)


def has_output(folder: Path) -> bool:
    """Whether a run folder holds more than the record, Hydra's files and an empty log."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".hydra" not in path.parts]
    output = [path for path in files if path.name != run_record.FILE and path.suffix != atomic.PART]
    return any(path.stat().st_size > 0 for path in output)


def set_up(context: HydraContext, task: TaskFunction, config: DictConfig) -> App:
    """Read the settings and create the launcher; InputError if a setting is not valid."""
    values: Any = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
    known = settings.read(values)
    launcher_settings: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    name = str(launcher_settings["_target_"])
    if name.startswith(OWN):
        settings.check_launcher(launcher_settings)
    folder = compose.folder_of(config, known)
    with open_dict(config):
        config.hydra.sweep.dir = str(folder)
    loader: Any = PlanLoader(context.config_loader, config.hydra.searchpath)
    recorded = RecordedTask(task, folder, known.as_metric(), known.best, code.script_of(task))
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=HydraContext(config_loader=loader, callbacks=context.callbacks),
        task_function=task_of(name, recorded),
        config=config,
    )
    return App(known, folder, config, loader, launcher)
