"""Every variant against the baseline, with both claims corrected for the planned variants."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ablate.analysis import stats, verdict
from ablate.analysis.stages.looks import PlannedLooks
from ablate.analysis.stats.stages import Stage, StagePlan, stages
from ablate.analysis.variant_results import Seeds
from ablate.runs.metric import Metric


@dataclass(frozen=True)
class Comparison:
    """One variant against the baseline; NaN where nothing can be tested."""

    difference: stats.PairedDifference | stats.WelchDifference
    equivalence: stats.Equivalence
    p_holm: float
    p_equivalence_holm: float
    simultaneous: tuple[float, float]  # interval at 1 - alpha / m
    verdict: str


def against_baseline(
    values: Mapping[str, Seeds], baseline: Seeds, m: int, metric: Metric, alpha: float, looks: PlannedLooks | None
) -> dict[str, Comparison]:
    """Compare every variant with the baseline.

    Args:
        values: {variant: results by seed}.
        baseline: its results by seed.
        m: number of planned variants, for which both claims are corrected.
        metric: what is compared, with the margin of equivalence.
        alpha: level of each claim.
        looks: those at a study with stages.
    """
    if looks is not None:
        return _at_looks(values, baseline, m, metric, alpha, looks)
    differences = {name: _difference(variant, baseline, 1 - alpha) for name, variant in values.items()}
    untested = stats.Equivalence(np.nan, np.nan, np.nan)
    same = {
        name: stats.equivalence_of(one, metric.margin / metric.scale, alpha)
        if metric.margin is not None and isinstance(one, stats.PairedDifference)
        else untested
        for name, one in differences.items()
    }
    p = stats.holm([one.p for one in differences.values()], m)
    p_equivalence = stats.holm([one.p for one in same.values()], m)
    return {
        name: Comparison(
            one,
            same[name],
            p_one,
            p_same,
            one.interval(1 - alpha / max(m, 1)),
            verdict.difference(metric.sign * one.mean, p_one, p_same, alpha),
        )
        for (name, one), p_one, p_same in zip(differences.items(), p, p_equivalence, strict=True)
    }


def _difference(variant: Seeds, baseline: Seeds, confidence: float) -> stats.PairedDifference | stats.WelchDifference:
    """Paired over the seeds that both have; Welch's over all runs if they share none."""
    shared = [seed for seed in variant if seed in baseline]
    if not shared and variant and baseline:
        return stats.welch_difference([*variant.values()], [*baseline.values()], confidence)
    return stats.paired_difference([variant[s] for s in shared], [baseline[s] for s in shared], confidence)


def _at_looks(
    values: Mapping[str, Seeds], baseline: Seeds, m: int, metric: Metric, alpha: float, looks: PlannedLooks
) -> dict[str, Comparison]:
    """Compare at planned looks: sequential p-values and repeated confidence intervals."""
    plan = stage_plan(looks, m, metric, alpha)
    differences = {name: looks.differences(name, variant, baseline) for name, variant in values.items()}
    taken = stages(plan, differences, looks.stopped)
    return {name: _of_stage(taken[name][-1], metric, alpha) if name in taken else _untested() for name in values}


def stage_plan(looks: PlannedLooks, m: int, metric: Metric, alpha: float) -> StagePlan:
    """What was planned for the looks at m variants."""
    return StagePlan(looks.sizes, m, None if metric.margin is None else metric.margin / metric.scale, alpha)


def _of_stage(stage: Stage, metric: Metric, alpha: float) -> Comparison:
    low, high = stage.interval
    return Comparison(
        replace(stage.difference, p=stage.p, low=low, high=high),
        stats.Equivalence(stage.p_equivalence, *stage.equivalence),
        stage.p_holm,
        stage.p_equivalence_holm,
        stage.simultaneous,
        verdict.difference(metric.sign * stage.difference.mean, stage.p_holm, stage.p_equivalence_holm, alpha),
    )


def _untested() -> Comparison:
    """A variant without a look."""
    return Comparison(
        stats.paired_difference([], []),
        stats.Equivalence(np.nan, np.nan, np.nan),
        np.nan,
        np.nan,
        (np.nan, np.nan),
        verdict.NOT_TESTABLE,
    )
