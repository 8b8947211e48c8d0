"""Hyperparameter search: Optuna proposes variants based on the metric of earlier ones.

Each trial is a variant of a study, and the first trial is the baseline: the configuration without the search. The state
of the search is stored in `optuna.log` in the study folder, from which it resumes. A free worker takes the next trial
(`trials.py`) from the search space (`search_space.py`).
"""

import logging
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.types import Override
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from ablate.config import validate
from ablate.config.schema import StudySettings
from ablate.files.lock import wait_for_any
from ablate.runs import epochs
from ablate.runs.metric import Metric, named
from ablate.study import factors
from ablate.study.composer import PlanLoader
from ablate.study.resuming import resuming
from ablate.study.search_space import baseline_values, format_levels, search_space
from ablate.study.submitted import Submitted
from ablate.study.sweeper import conclude, launch_once
from ablate.study.trials import Trials
from ablate.terminal import streams
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few
from ablate.training.pruning import open_study

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)
NOT_IN_SEARCHES = ("stages", "block", "tune", "exclude", "resolution", "foldover", "of")  # keys of `study`


def search(
    loader: PlanLoader, launcher: Launcher, config: DictConfig, overrides: Sequence[Override], settings: dict[str, Any]
) -> None:
    """Run a search in the study folder.

    Args:
        loader: composes the configurations of runs.
        launcher: runs them.
        config: the configuration that all runs share.
        overrides: of the study file and the command line.
        settings: options of `hydra/sweeper=optuna`; `n_trials` trials are run, at most `n_jobs` at the same time.

    Raises:
        InputError: Optuna is not installed, there is no parameter to search, or a value is invalid.
        SystemExit: at the end, with status 1 if a run has no result, 2 if the input of all runs was refused.
        Submitted: runs are in the queue of a cluster, and the launcher does not wait for them.
    """
    streams.make_lossy()
    trials = start_search(loader, config, overrides, settings)
    try:
        launch(trials, launcher)
        while elsewhere := trials.elsewhere():
            if getattr(launcher, "leaves", False):
                raise Submitted(trials.folder, [], len(elsewhere))
            log.info("Waiting for another process to train %s", first_few(elsewhere, 1))
            wait_for_any(elsewhere)
            launch(trials, launcher)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(resuming(config, "study.name", "hydra.sweep.dir")) from None
    try:
        if trials.runs:
            conclude(trials.folder, [run.as_recorded() for run in trials.runs.values()], trials.errors)
    finally:
        log_best(trials.study, trials.metric)


def launch(trials: Trials, launcher: Launcher) -> None:
    """Run the trials that are left. A launcher of another package gets them in batches."""
    first = len(trials.launched)
    if hasattr(launcher, "launch_from"):
        launcher.launch_from(trials.take, lambda index, result: trials.ended(first + index, result), first)
        return
    while batch := list(iter(trials.take, None)):
        first = len(trials.launched) - len(batch)
        runs = [trials.runs[folder] for folder in trials.launched[first:]]
        overrides = {run.planned.folder: run.overrides for run in runs}
        returns = launch_once([run.planned for run in runs], overrides, trials.folder, launcher, first)
        for index, result in enumerate(returns, first):
            trials.ended(index, result)


def start_search(
    loader: PlanLoader, config: DictConfig, overrides: Sequence[Override], settings: dict[str, Any]
) -> Trials:
    """Start a search, or resume the one in the study folder."""
    validate(OmegaConf.create({"study": config.study}))
    intervals = [
        override for override in overrides if override.is_sweep_override() and not override.is_discrete_sweep()
    ]
    study_settings: Any = OmegaConf.to_object(config.study)
    _check_applicable(study_settings)
    fixed = [word for word in overrides if word not in intervals]
    swept = factors.read(fixed, study_settings.bundles, config.get("seed", 0))
    prefixes = {factors.name_of(override): factors.prefix_of(override) for override in intervals}
    swept = replace(swept, prefixes={**swept.prefixes, **prefixes})
    space = search_space(swept, intervals)
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    metric = named(config.study.metric)
    if settings["pruner"] and metric.name not in epochs.COLUMNS and len(swept.seeds) == 1:
        raise InputError(
            f"Pruning needs the metric after each epoch, and {metric.name} is only known at the end of a run. Turn it"
            " off with hydra.sweeper.pruner=null."
        )
    study = open_study(folder, settings, metric)
    if not study.trials:
        study.enqueue_trial(baseline_values(config, space))
    return Trials(loader, config, swept, space, study, settings["n_trials"], settings["n_jobs"])


def _check_applicable(settings: StudySettings) -> None:
    """Raise InputError for a setting that chooses variants or seeds, as Optuna does in a search."""
    chosen = {key: getattr(settings, key) for key in NOT_IN_SEARCHES}
    if settings.design != "factorial":  # the default
        chosen["design"] = settings.design
    if names := [key for key, value in chosen.items() if value]:
        raise InputError(f"study.{names[0]} does not apply to a search (hydra/sweeper=optuna). Remove it.")


def log_best(study: "optuna.Study", metric: Metric) -> None:
    """Log the metric and the parameters of the best trial."""
    completed = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if completed:
        best = max(completed, key=lambda trial: metric.sign * trial.values[0])
        overrides = shlex.join(f"{name}={level}" for name, level in format_levels(best.params).items())
        log.info("best of %d trials: %s with %s", len(study.trials), metric.text(best.values[0]), overrides)
