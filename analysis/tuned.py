"""What the tuning of each variant found: its setting, and the difference with and without tuning per variant."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.analysis import chance, collect
from ablate.analysis.stats import paired_difference
from ablate.analysis.stats.expected_best import expected_best
from ablate.analysis.stats.paired import PairedDifference
from ablate.runs import study_plan, tuning
from ablate.runs.study_plan import BASELINE, StudyPlan
from ablate.runs.tuning import Setting, TuningPlan


@dataclass(frozen=True, eq=False)
class Tuned:
    """The tuning of a study. Differences are in printed units, over the tuning seeds.

    Attributes:
        plan: how each variant was tuned.
        chosen: {variant: its setting}.
        trials: one row per variant and setting: variant, setting (its number, from 0), n (completed seeds), value (mean
            of the metric over the tuning seeds; NaN if not all completed).
        common: {variant: difference from the baseline, both at the baseline's chosen setting}.
        own: {variant: difference from the baseline, each at its own chosen setting}.
        edges: {variant: the chosen levels that are the smallest or the largest tried}.
        best: (budget, variant) expected best value of so many random settings; budgets from 1.
    """

    plan: TuningPlan
    chosen: dict[str, Setting]
    trials: pd.DataFrame
    common: dict[str, PairedDifference]
    own: dict[str, PairedDifference]
    edges: dict[str, list[str]]
    best: pd.DataFrame


def tuned(folder: Path, plan: StudyPlan) -> Tuned | None:
    """Read the tuning of a study; None if it has none, or its folder is not there.

    Args:
        folder: of the study.
        plan: its plan.
    """
    place = folder / tuning.FOLDER
    if plan.tuning is None or not (place / study_plan.FILE).is_file():
        return None
    chosen = tuning.read_chosen(folder, plan.tuning)
    runs, factors = collect.collect(place), list(plan.factors)
    variant_of = {tuple(run.factors[name] for name in factors): run.variant for run in plan.runs}
    number_of = {tuple(setting.values()): number for number, setting in enumerate(plan.tuning.settings)}
    keys = list(plan.tuning.settings[0])
    runs = runs.assign(
        main=[variant_of.get(cell) for cell in _cells(runs, factors)],
        setting=[number_of[cell] for cell in _cells(runs, keys)],
    )
    runs = runs[runs["main"].isin(list(chosen))]
    values = runs[plan.metric.name].where(runs["status"] == "completed")
    by_seed = runs.assign(value=values).set_index(["main", "setting", "seed"])["value"]
    trials = by_seed.groupby(level=["main", "setting"], sort=False).agg(n="count", value=lambda v: v.mean(skipna=False))
    trials = trials.reset_index().rename(columns={"main": "variant"})
    at = {variant: plan.tuning.settings.index(setting) for variant, setting in chosen.items()}
    others = [variant for variant in chosen if variant != BASELINE and BASELINE in chosen]
    scale = plan.metric.scale

    def difference(variant: str, setting: int) -> PairedDifference:
        pairs = pd.concat([_seeds(by_seed, variant, setting), _seeds(by_seed, BASELINE, at[BASELINE])], axis=1).dropna()
        return paired_difference(scale * pairs.iloc[:, 0], scale * pairs.iloc[:, 1])

    at_chance = plan.metric.at_chance(chance.class_count(runs))
    return Tuned(
        plan=plan.tuning,
        chosen=chosen,
        trials=trials,
        common={variant: difference(variant, at[BASELINE]) for variant in others},
        own={variant: difference(variant, at[variant]) for variant in others},
        edges={variant: found for variant, setting in chosen.items() if (found := _at_edge(plan.tuning, setting))},
        best=_budgets(trials, plan.metric.sign, at_chance),
    )


def _cells(runs: pd.DataFrame, names: list[str]) -> list[tuple[str, ...]]:
    return [tuple(map(str, row)) for row in runs[names].itertuples(index=False, name=None)]


def _seeds(by_seed: pd.Series, variant: str, setting: int) -> pd.Series:
    """{seed: value} of a variant with a setting; empty without runs."""
    chosen = by_seed[(by_seed.index.get_level_values(0) == variant) & (by_seed.index.get_level_values(1) == setting)]
    return chosen.droplevel([0, 1])


def _at_edge(plan: TuningPlan, setting: Mapping[str, str]) -> list[str]:
    """The levels of a setting that are the smallest or the largest number tried."""
    found = []
    for key, level in setting.items():
        tried = pd.to_numeric(pd.Series(dict.fromkeys(one[key] for one in plan.settings)).index.to_series(), "coerce")
        if len(tried) > 1 and tried.notna().all() and float(level) in (tried.min(), tried.max()):
            found.append(f"{key}={level}")
    return found


def _budgets(trials: pd.DataFrame, sign: int, at_chance: float | None) -> pd.DataFrame:
    """The expected best value against the budget; a setting that did not complete counts as chance, or as the worst."""
    columns = {}
    for variant, rows in trials.groupby("variant", sort=False):
        values = sign * rows["value"].to_numpy(float)
        worst = (
            sign * at_chance if at_chance is not None else np.nanmin(values) if np.isfinite(values).any() else np.nan
        )
        columns[variant] = sign * expected_best(np.where(np.isnan(values), worst, values))
    return pd.DataFrame(dict(columns.items()), index=range(1, len(trials["setting"].unique()) + 1))
