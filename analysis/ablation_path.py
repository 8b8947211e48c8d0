"""A path of variants from the baseline, one more change at each step, as in cumulative designs and ablation paths."""

from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.variant_results import by_variant
from ablate.runs.metric import Metric
from ablate.runs.statuses import RESULTS

MOST_VARIANTS = 2000
Changes = frozenset[tuple[str, str]]  # (factor, level) of what differs from the baseline


def ablation_path(runs: pd.DataFrame, metric: Metric, confidence: float = 0.95) -> pd.DataFrame | None:
    """The steps of a study whose variants are a path from the baseline to all changes, but not all combinations.

    Where runs offer several next steps, the one with the largest loss is taken, among those from which all changes are
    reached. A variant with a diverged or pruned run counts as the largest loss, as in `ablate.study.path`; one without
    a completed run as the smallest. Differences are paired by seed over completed runs; Holm's correction is over the
    steps.

    Args:
        runs: frame of `collect`.
        metric: what is compared.
        confidence: of the two-sided intervals.

    Returns:
        One row per variant of the path, the baseline first: variant, change (`factor=level`), mean and sd (recorded),
        n, step (difference from the variant before) with low, high, p and p_holm, total (difference from the baseline),
        alone (the difference of the change alone), last (after all others; NaN without such runs) and chosen (whether
        these results selected the step, among several); differences in printed units. None if there is no such path of
        two or more steps.
    """
    varied = collect.varied(runs)
    levels = runs.drop_duplicates("variant").set_index("variant")[varied]
    if collect.BASELINE not in levels.index or not len(varied) >= 2 or len(levels) > MOST_VARIANTS:
        return None
    first = levels.loc[collect.BASELINE]
    variants = {
        frozenset((name, level) for name, level in row.items() if level != first[name]): variant
        for variant, row in levels.iterrows()
    }
    whole = max(variants, key=len)
    subsets = {changes: variant for changes, variant in variants.items() if changes <= whole}
    if len(whole) < len(varied) or len(subsets) == 2 ** len(whole):
        return None
    values = {name: one.completed for name, one in by_variant(runs, None, metric).items()}
    lost = set(runs.loc[runs["status"].isin(RESULTS) & (runs["status"] != "completed"), "variant"])
    means = {name: metric.sign * float(np.mean([*one.values()])) if one else np.inf for name, one in values.items()}
    qualities = {changes: -np.inf if name in lost else means[name] for changes, name in subsets.items()}
    steps, selected = _steps(qualities, whole)
    if not steps:
        return None

    def compared(after: Changes, before: Changes) -> stats.PairedDifference | None:
        """The paired difference of two variants; None if one of them was not run."""
        if after not in subsets or before not in subsets:
            return None
        one, other = values[subsets[after]], values[subsets[before]]
        shared = [seed for seed in one if seed in other]
        return stats.paired_difference([one[s] for s in shared], [other[s] for s in shared], confidence)

    rows = []
    for place, changes in enumerate(steps):
        results = [*values[subsets[changes]].values()]
        row: dict[str, Any] = {"variant": subsets[changes], "n": len(results), "chosen": changes in selected}
        row |= {"mean": np.mean(results) if results else np.nan}
        row |= {"sd": np.std(results, ddof=1) if len(results) > 1 else np.nan}
        if place > 0:
            before, (change,) = steps[place - 1], changes - steps[place - 1]
            tested, alone = compared(changes, before), compared(frozenset({change}), frozenset())
            last, total = compared(whole, whole - {change}), compared(changes, frozenset())
            row |= {"change": "=".join(change), **_scaled("step", tested, metric), "p": tested.p if tested else np.nan}
            row |= {"low": metric.scale * tested.low, "high": metric.scale * tested.high} if tested else {}
            row |= _scaled("alone", alone, metric) | _scaled("last", last, metric) | _scaled("total", total, metric)
        rows.append(row)
    names = ["variant", "change", "n", "mean", "sd", "step", "low", "high", "p", "total", "alone", "last", "chosen"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(change=table["change"].fillna(""), p_holm=stats.holm(table["p"].astype(float)))


def _scaled(name: str, tested: stats.PairedDifference | None, metric: Metric) -> dict[str, float]:
    return {name: metric.scale * tested.mean if tested else np.nan}


def _steps(qualities: dict[Changes, float], whole: Changes) -> tuple[list[Changes], set[Changes]]:
    """The changes made up to each step, from none to all, and those steps that were selected among several.

    Empty if the runs do not lead from none to all.
    """
    leads: set[Changes] = {whole}
    for changes in sorted(qualities, key=len, reverse=True):
        if any(changes | {more} in leads for more in whole - changes):
            leads.add(changes)
    if frozenset() not in leads:
        return [], set()
    steps: list[Changes] = [frozenset()]
    selected = set[Changes]()
    while steps[-1] != whole:
        following = [steps[-1] | {more} for more in sorted(whole - steps[-1]) if steps[-1] | {more} in leads]
        steps.append(min(following, key=qualities.__getitem__))
        if len(following) > 1:
            selected.add(steps[-1])
    return steps, selected
