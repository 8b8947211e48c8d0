"""A search: Optuna proposes variants, the next ones by the validation accuracy of those before.

Each trial is a variant of an ordinary study, its runs are ordinary runs, and the first trial is the baseline: what
the configuration sets without the search. The search is kept in the study's `optuna.log` and resumes from there.
"""

import logging
import shlex
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from ablate.config import validate
from ablate.runs import study_plan
from ablate.study import compose, plan
from ablate.study.composer import PlanLoader
from ablate.study.status import PlannedState, planned_state
from ablate.study.sweeper import sweep
from ablate.terminal.errors import InputError
from ablate.training.pruning import open_study

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)
DIGITS = 4  # significant ones of a number that is proposed


@dataclass
class Search:
    """A search while it runs: how its runs are composed, its Optuna study, and the runs of its trials so far.

    `runs` and `trials`, the numbers of a run's trials, are by the run's folder: trials may propose the same variant.
    """

    loader: PlanLoader
    config: DictConfig
    sweep: plan.Sweep
    factors: Sequence[str]
    study: "optuna.Study"
    runs: dict[str, compose.ComposedRun] = field(default_factory=dict)
    trials: dict[str, list[int]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder of the study."""
        return Path(self.config.hydra.sweep.dir)


def search(
    loader: PlanLoader, launcher: Launcher, config: DictConfig, words: Sequence[str], settings: dict[str, Any]
) -> None:
    """Run `settings.n_trials` trials, `settings.n_jobs` at once, in the study's folder.

    Raises:
        InputError: Optuna is not installed, there is nothing to search, or a value is not allowed.
        SystemExit: with status 1 when a run had no result, all others having finished.
    """
    begun, space = begin(loader, config, words, settings)
    status: str | int | None = 0
    while batch := next_trials(begun.study, space, settings):
        composed = plan_trials(begun, batch)
        config.study.extend = (begun.folder / study_plan.FILE).exists()
        try:
            sweep(composed, launcher, config)
        except SystemExit as error:
            status = error.code
            if status == 2:
                raise
        for number, _ in batch:
            runs = [run for run in composed.plan.runs if number in begun.trials[run.folder]]
            report_trial(begun.study, number, [planned_state(begun.folder, run) for run in runs])
    log_best(begun.study)
    raise SystemExit(status)


def begin(
    loader: PlanLoader, config: DictConfig, words: Sequence[str], settings: dict[str, Any]
) -> tuple[Search, dict[str, Any]]:
    """The search that the words describe, resumed if there is one in the study's folder; and the space it searches."""
    validate(OmegaConf.create({"study": config.study}))
    overrides = OverridesParser.create(loader.hydra).parse_overrides(list(words))
    intervals = [
        override for override in overrides if override.is_sweep_override() and not override.is_discrete_sweep()
    ]
    study_settings: Any = OmegaConf.to_object(config.study)
    fixed = [override for override in overrides if override not in intervals]
    swept = plan.read(fixed, study_settings.bundles, config.get("seed", 0))
    prefixes = {plan.name_of(override): plan.prefix_of(override) for override in intervals}
    swept = replace(swept, prefixes={**swept.prefixes, **prefixes})
    space = spaces(swept, intervals)
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    study = open_study(folder, settings)
    if not study.trials:
        study.enqueue_trial(defaults(config, space))
    return Search(loader, config, swept, list(space), study), space


def next_trials(
    study: "optuna.Study", space: dict[str, Any], settings: dict[str, Any]
) -> list[tuple[int, dict[str, Any]]]:
    """Number and parameters of the trials to run: those that were interrupted, and new ones; empty at the end."""
    finished = sum(trial.state.is_finished() for trial in study.trials)
    interrupted = [trial for trial in study.trials if trial.state.name == "RUNNING"]
    new = min(settings["n_jobs"], settings["n_trials"] - finished) - len(interrupted)
    asked = [study.ask(space) for _ in range(new)]
    return [(trial.number, trial.params) for trial in (*interrupted, *asked)]


def log_best(study: "optuna.Study") -> None:
    """Report the best trial and its levels, if any trial completed."""
    done = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if done:
        best = max(done, key=lambda trial: trial.values)
        words = shlex.join(f"{name}={level}" for name, level in written(best.params).items())
        log.info("best of %d trials: %.1f %% with %s", len(study.trials), 100 * best.values[0], words)


def spaces(swept: plan.Sweep, intervals: Sequence[Override]) -> dict[str, Any]:
    """The values of each factor: Optuna's distributions of `interval(...)`, and of lists of levels."""
    try:
        from optuna import distributions
    except ModuleNotFoundError:
        raise InputError("hydra/sweeper=optuna needs Optuna: pip install 'hydra-ablate[tune]'.") from None
    space: dict[str, Any] = {}
    for override in intervals:
        interval: Any = override.value()
        whole = isinstance(interval.start, int) and isinstance(interval.end, int)
        kind: Any = distributions.IntDistribution if whole else distributions.FloatDistribution
        space[plan.name_of(override)] = kind(interval.start, interval.end, log="log" in interval.tags)
    space |= {name: distributions.CategoricalDistribution(levels) for name, levels in swept.factors.items()}
    if not space:
        raise InputError("There is nothing to search: give a key an interval(low, high) or a list of levels.")
    return space


def defaults(config: DictConfig, space: dict[str, Any]) -> dict[str, Any]:
    """The values of the factors in the configuration, as far as the search may propose them."""
    current = {name: config.hydra.runtime.choices.get(name, OmegaConf.select(config, name)) for name in space}
    levels = {name: str(value) if hasattr(space[name], "choices") else value for name, value in current.items()}
    return {name: value for name, value in levels.items() if _allowed(space[name], value)}


def _allowed(distribution: "optuna.distributions.BaseDistribution", value: Any) -> bool:
    try:
        return value is not None and distribution._contains(distribution.to_internal_repr(value))
    except (TypeError, ValueError):
        return False


def plan_trials(begun: Search, batch: Sequence[tuple[int, dict[str, Any]]]) -> compose.ComposedStudy:
    """The study of all trials so far, the runs of the batch added."""
    levels = {trial.number: written(trial.params) for trial in begun.study.trials if trial.params}
    baseline = levels[min(levels)]
    known = {name: list(dict.fromkeys(trial[name] for trial in levels.values())) for name in begun.factors}
    swept = replace(begun.sweep, factors=known)
    for number, params in batch:
        variant = plan.variant_name(written(params), baseline)
        for seed in swept.seeds:
            replicate = plan.Replicate(variant, written(params), seed)
            if replicate.folder not in begun.runs:
                (run,) = compose.composed_runs(begun.loader, begun.config, swept, [replicate])
                begun.runs[replicate.folder], begun.trials[replicate.folder] = run, []
                if len(swept.seeds) == 1:  # a trial has one curve
                    run.overrides.append(f"study.trial={number}")
            begun.trials[replicate.folder].append(number)
    overrides = {folder: run.overrides for folder, run in begun.runs.items()}
    head = compose.plan_of(begun.config.study, "search", swept, list(begun.runs.values()), baseline)
    return compose.ComposedStudy(head, overrides)


def written(params: dict[str, Any]) -> dict[str, str]:
    """The levels of a trial, as overrides have them."""
    return {
        name: f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)
        for name, value in sorted(params.items())
    }


def report_trial(study: "optuna.Study", number: int, states: Sequence[PlannedState]) -> None:
    """Report the result of a trial to the search: its mean validation accuracy over the seeds, or that it has none."""
    from optuna.trial import TrialState

    if not all(state.has_result for state in states):
        study.tell(number, state=TrialState.FAIL)
    elif any(state.status == "pruned" for state in states):
        study.tell(number, state=TrialState.PRUNED)
    else:
        study.tell(number, statistics.mean(state.val_accuracy or 0 for state in states))
