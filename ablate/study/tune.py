"""Hyperparameter search: Optuna proposes variants based on the metric of earlier ones.

Each trial is a variant of a study, and the first trial is the baseline: the configuration without the search. The state
of the search is stored in `optuna.log` in the study folder, from which it resumes.
"""

import logging
import math
import shlex
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.types import Override
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from ablate.config import validate
from ablate.runs import epochs, study_plan
from ablate.runs.metric import Metric, named
from ablate.runs.study_plan import BASELINE
from ablate.study import compose, factors, plan
from ablate.study.composer import PlanLoader
from ablate.study.resuming import resuming
from ablate.study.status import PlannedState, planned_state
from ablate.study.sweeper import sweep
from ablate.terminal.errors import InputError
from ablate.training.pruning import open_study

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)
SIGNIFICANT_DIGITS = 4  # of a proposed number


@dataclass
class Search:
    """The state of a running search.

    loader   composes the configurations of runs
    config   the configuration that all runs share
    sweep    the parsed overrides
    factors  names of the searched parameters
    study    the Optuna study
    baseline  settings of the first trial, which a resumed search must have too
    runs     {run folder: run} of the trials so far
    trials   {run folder: numbers of its trials}; several trials may propose the same variant
    """

    loader: PlanLoader
    config: DictConfig
    sweep: factors.Sweep
    factors: Sequence[str]
    study: "optuna.Study"
    baseline: dict[str, Any] | None = None
    runs: dict[str, compose.ComposedRun] = field(default_factory=dict)
    trials: dict[str, list[int]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder of the study."""
        return Path(self.config.hydra.sweep.dir)


def search(
    loader: PlanLoader, launcher: Launcher, config: DictConfig, overrides: Sequence[Override], settings: dict[str, Any]
) -> None:
    """Run a search in the study folder.

    Args:
        loader: composes the configurations of runs.
        launcher: runs them.
        config: the configuration that all runs share.
        overrides: of the study file and the command line.
        settings: options of `hydra/sweeper=optuna`; `n_trials` trials are run, `n_jobs` in parallel.

    Raises:
        InputError: Optuna is not installed, there is no parameter to search, or a value is invalid.
        SystemExit: at the end, with status 0; or 1 if a run has no result.
    """
    running, space = start_search(loader, config, overrides, settings)
    metric, advice = named(config.study.metric), resuming(config, "study.name", "hydra.sweep.dir")
    status: str | int | None = 0
    while batch := next_trials(running.study, space, settings):
        composed = plan_trials(running, batch)
        config.study.extend = (running.folder / study_plan.FILE).exists()
        try:
            sweep(composed, launcher, running.folder, advice, config.study.extend, config.study.retrain)
        except SystemExit as error:
            status = error.code
            if status == 2:
                raise
        for number, _ in batch:
            runs = [run for run in composed.plan.runs if number in running.trials[run.folder]]
            report_trial(running.study, number, [planned_state(running.folder, run) for run in runs], metric)
    log_best(running.study, metric)
    raise SystemExit(status)


def start_search(
    loader: PlanLoader, config: DictConfig, overrides: Sequence[Override], settings: dict[str, Any]
) -> tuple[Search, dict[str, Any]]:
    """Start a search, or resume the one in the study folder; return it with its search space."""
    validate(OmegaConf.create({"study": config.study}))
    intervals = [
        override for override in overrides if override.is_sweep_override() and not override.is_discrete_sweep()
    ]
    study_settings: Any = OmegaConf.to_object(config.study)
    for key in ("stages", "block"):
        if getattr(study_settings, key):
            raise InputError(f"study.{key} does not apply to a search (hydra/sweeper=optuna). Remove it.")
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
    return Search(loader, config, swept, list(space), study), space


def next_trials(
    study: "optuna.Study", space: dict[str, Any], settings: dict[str, Any]
) -> list[tuple[int, dict[str, Any]]]:
    """Return the number and parameters of the next trials: interrupted ones, then new ones; empty at the end."""
    finished = sum(trial.state.is_finished() for trial in study.trials)
    interrupted = [trial for trial in study.trials if trial.state.name == "RUNNING"]
    new = min(settings["n_jobs"], settings["n_trials"] - finished) - len(interrupted)
    proposed = [study.ask(space) for _ in range(new)]
    return [(trial.number, trial.params) for trial in (*interrupted, *proposed)]


def log_best(study: "optuna.Study", metric: Metric) -> None:
    """Log the metric and the parameters of the best trial."""
    completed = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if completed:
        best = max(completed, key=lambda trial: metric.sign * trial.values[0])
        overrides = shlex.join(f"{name}={level}" for name, level in format_levels(best.params).items())
        log.info("best of %d trials: %s with %s", len(study.trials), metric.text(best.values[0]), overrides)


def search_space(swept: factors.Sweep, intervals: Sequence[Override]) -> dict[str, Any]:
    """Convert `interval(...)` overrides and lists of levels to Optuna distributions: {factor: distribution}."""
    try:
        from optuna import distributions
    except ModuleNotFoundError:
        raise InputError("hydra/sweeper=optuna needs Optuna: pip install 'hydra-ablate[tune]'.") from None
    space: dict[str, Any] = {}
    for override in intervals:
        interval: Any = override.value()
        is_integer = isinstance(interval.start, int) and isinstance(interval.end, int)
        distribution: Any = distributions.IntDistribution if is_integer else distributions.FloatDistribution
        try:
            space[factors.name_of(override)] = distribution(interval.start, interval.end, log="log" in interval.tags)
        except ValueError as error:
            raise InputError(f"{override.input_line} is not a range that can be searched: {error}") from None
    space |= {name: distributions.CategoricalDistribution(levels) for name, levels in swept.factors.items()}
    if not space:
        raise InputError("The search has no parameters. Set a key to interval(low, high) or to a list of levels.")
    return space


def baseline_values(config: DictConfig, space: dict[str, Any]) -> dict[str, Any]:
    """The values of the factors in the configuration, if they are in the search space."""
    current = {name: config.hydra.runtime.choices.get(name, OmegaConf.select(config, name)) for name in space}
    levels = {name: str(value) if hasattr(space[name], "choices") else value for name, value in current.items()}
    return {name: value for name, value in levels.items() if _contains(space[name], value)}


def _contains(distribution: "optuna.distributions.BaseDistribution", value: Any) -> bool:
    try:
        return value is not None and distribution._contains(distribution.to_internal_repr(value))
    except (TypeError, ValueError):
        return False


def plan_trials(running: Search, batch: Sequence[tuple[int, dict[str, Any]]]) -> compose.ComposedStudy:
    """Compose the runs of a batch of trials; return the study of all trials so far."""
    levels = {trial.number: format_levels(trial.params) for trial in running.study.trials if trial.params}
    baseline = levels[min(levels)]
    if running.baseline is None:
        first = plan.Replicate(BASELINE, baseline, running.sweep.seeds[0])
        alone = replace(running.sweep, factors={name: [level] for name, level in baseline.items()})
        (run,) = compose.composed_runs(running.loader, running.config, alone, [first])
        running.baseline = run.settings
    known = {name: list(dict.fromkeys(trial[name] for trial in levels.values())) for name in running.factors}
    swept = replace(running.sweep, factors=known)
    for number, params in batch:
        variant = plan.variant_name(format_levels(params), baseline)
        for seed in swept.seeds:
            replicate = plan.Replicate(variant, format_levels(params), seed)
            if replicate.folder not in running.runs:
                (run,) = compose.composed_runs(running.loader, running.config, swept, [replicate])
                running.runs[replicate.folder], running.trials[replicate.folder] = run, []
                if len(swept.seeds) == 1:  # pruning reads one learning curve per trial
                    run.overrides.append(f"study.trial={number}")
            running.trials[replicate.folder].append(number)
    overrides = {folder: run.overrides for folder, run in running.runs.items()}
    plan_so_far = compose.plan_of(
        running.config.study, "search", swept, list(running.runs.values()), baseline, running.baseline
    )
    return compose.ComposedStudy(plan_so_far, overrides)


def format_levels(params: dict[str, Any]) -> dict[str, str]:
    """Format the parameters of a trial as in overrides."""
    return {
        name: f"{value:.{SIGNIFICANT_DIGITS}g}" if isinstance(value, float) else str(value)
        for name, value in sorted(params.items())
    }


def report_trial(study: "optuna.Study", number: int, states: Sequence[PlannedState], metric: Metric) -> None:
    """Report to Optuna the mean of the metric of a trial over its seeds, or that it failed or was pruned."""
    from optuna.trial import TrialState

    if not all(state.has_result for state in states):
        study.tell(number, state=TrialState.FAIL)
    elif any(state.status == "pruned" for state in states):
        study.tell(number, state=TrialState.PRUNED)
    else:
        values = [state.value(metric.name) for state in states]
        known = [value for value in values if value is not None and math.isfinite(value)]
        # A run that diverged counts as the worst result that is known: chance, or a failed trial.
        chance = metric.at_chance(next((len(s.record.classes) for s in states if s.record and s.record.classes), None))
        if len(known) < len(values) and chance is None:
            study.tell(number, state=TrialState.FAIL)
        else:
            study.tell(number, statistics.mean([*known, *[chance or 0.0] * (len(values) - len(known))]))
