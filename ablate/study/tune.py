"""A search: Optuna proposes variants, their validation accuracy tells it what to propose next.

Each trial is a variant of an ordinary study, its runs are ordinary runs, and the first trial is the baseline: what
the configuration says without the search. The search is kept in the study's `optuna.log` and goes on from there.
"""

import logging
import shlex
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from ablate.config import validate
from ablate.runs import record
from ablate.study import compose, plan
from ablate.study.sweeper import sweep
from ablate.terminal.errors import InputError
from ablate.training.pruning import open_study

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)
DIGITS = 4  # significant ones of a number that is proposed


def search(
    loader: compose.Planned,
    launcher: Launcher,
    config: DictConfig,
    words: Sequence[str],
    settings: dict[str, Any],
) -> None:
    """Run `settings.n_trials` trials, `settings.n_jobs` at once, in the study's folder.

    Raises:
        InputError: Optuna is not installed, there is nothing to search, or a value is not allowed.
        SystemExit: with status 1 when a run had no outcome, all others having finished.
    """
    validate(OmegaConf.create({"study": config.study}))
    overrides = OverridesParser.create(loader.hydra).parse_overrides(list(words))
    open_ended = [
        override for override in overrides if override.is_sweep_override() and not override.is_discrete_sweep()
    ]
    settled: Any = OmegaConf.to_object(config.study)
    described = plan.read([o for o in overrides if o not in open_ended], settled.bundles)
    space = spaces(described, open_ended)
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    study = open_study(folder, settings)
    if not study.trials:
        study.enqueue_trial(defaults(config, space))
    status: str | int | None = 0
    runs: list[dict[str, Any]] = []
    while True:
        ended = [trial for trial in study.trials if trial.state.is_finished()]
        begun = [trial for trial in study.trials if trial.state.name == "RUNNING"]  # cut off, and gone on with
        new = min(settings["n_jobs"], settings["n_trials"] - len(ended)) - len(begun)
        if not begun and new <= 0:
            break
        batch = [(trial.number, trial.params) for trial in begun]
        batch += [(trial.number, trial.params) for trial in (study.ask(space) for _ in range(new))]
        runs, planned = planned_runs(loader, config, described, study, list(space), runs, batch)
        config.study.extend = (folder / "study.json").exists()
        try:
            sweep(planned, launcher, config)
        except SystemExit as left:
            status = left.code
            if status == 2:
                raise
        for number, _ in batch:
            tell(study, number, [record.read_planned(folder, run) for run in runs if number in run["trials"]])
    done = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if done:
        best = max(done, key=lambda trial: trial.values)
        words = shlex.join(f"{name}={level}" for name, level in written(best.params).items())
        log.info("best of %d trials: %.1f %% with %s", len(study.trials), 100 * best.values[0], words)
    raise SystemExit(status)


def spaces(described: plan.Sweep, open_ended: Sequence[Override]) -> dict[str, Any]:
    """What each factor may be: Optuna's distributions of `interval(...)`, and of lists of levels."""
    try:
        from optuna import distributions
    except ModuleNotFoundError:
        raise InputError("hydra/sweeper=optuna needs Optuna: pip install 'hydra-ablate[tune]'.") from None
    space: dict[str, Any] = {}
    for override in open_ended:
        interval: Any = override.value()
        whole = isinstance(interval.start, int) and isinstance(interval.end, int)
        kind: Any = distributions.IntDistribution if whole else distributions.FloatDistribution
        space[override.get_key_element()] = kind(interval.start, interval.end, log="log" in interval.tags)
    space |= {name: distributions.CategoricalDistribution(levels) for name, levels in described.factors.items()}
    if not space:
        raise InputError("There is nothing to search: give a key an interval(low, high) or a list of levels.")
    return space


def defaults(config: DictConfig, space: dict[str, Any]) -> dict[str, Any]:
    """What the configuration says of the factors, as far as the search may propose it."""
    said = {name: config.hydra.runtime.choices.get(name, OmegaConf.select(config, name)) for name in space}
    levels = {name: str(value) if hasattr(space[name], "choices") else value for name, value in said.items()}
    return {name: value for name, value in levels.items() if _allowed(space[name], value)}


def _allowed(distribution: "optuna.distributions.BaseDistribution", value: Any) -> bool:
    try:
        return value is not None and distribution._contains(distribution.to_internal_repr(value))
    except (TypeError, ValueError):
        return False


def planned_runs(
    loader: compose.Planned,
    config: DictConfig,
    described: plan.Sweep,
    study: "optuna.Study",
    factors: Sequence[str],
    runs: list[dict[str, Any]],
    batch: Sequence[tuple[int, dict[str, Any]]],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The runs of all trials so far, those of the batch added, and the study that has them."""
    levels = {trial.number: written(trial.params) for trial in study.trials if trial.params}
    baseline = levels[min(levels)]
    known = {name: list(dict.fromkeys(of[name] for of in levels.values())) for name in factors}
    swept = plan.Sweep(described.fixed, known, described.seeds, described.bundles)
    by_folder = {run["folder"]: run for run in runs}
    for number, params in batch:
        variant = plan.variant_name(written(params), baseline)
        for seed in described.seeds:
            run = {"variant": variant, "factors": written(params), "seed": seed, "folder": f"{variant}/seed={seed}"}
            if run["folder"] not in by_folder:
                (ready,) = compose.checked(loader, config, swept, [run])
                pruned = [f"study.trial={number}"] if len(described.seeds) == 1 else []  # a trial has one curve
                by_folder[run["folder"]] = {**ready, "overrides": [*ready["overrides"], *pruned], "trials": []}
            by_folder[run["folder"]]["trials"].append(number)
    runs = list(by_folder.values())
    seeds = list(described.seeds)
    return runs, compose.written(config.study, "search", baseline, known, seeds, runs)


def written(params: dict[str, Any]) -> dict[str, str]:
    """The levels of a trial, as overrides have them."""
    return {
        name: f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)
        for name, value in sorted(params.items())
    }


def tell(study: "optuna.Study", number: int, found: Sequence[dict[str, Any]]) -> None:
    """Tell the search what became of a trial: its mean validation accuracy over the seeds, or that it has none."""
    from optuna.trial import TrialState

    statuses = {run["status"] for run in found}
    if not statuses <= set(record.OUTCOMES):
        study.tell(number, state=TrialState.FAIL)
    elif "pruned" in statuses:
        study.tell(number, state=TrialState.PRUNED)
    else:
        study.tell(number, statistics.mean(run["metrics"]["val_accuracy"] or 0 for run in found))
