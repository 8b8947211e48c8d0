"""Runs -> what each variant changes, against the baseline on the same seeds, and the verdict."""

from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats, verdict
from ablate.analysis.comparison import Comparison, against_baseline
from ablate.analysis.divergence import divergence_p
from ablate.analysis.stages.looks import PlannedLooks
from ablate.analysis.variant_results import VariantResults, by_variant
from ablate.runs.metric import ACCURACY, Metric

COLUMNS = ["variant", "n", "mean", "sd", "baseline_mean", "difference", "ci_low", "ci_high", "p", "p_holm"]
COLUMNS += ["equivalence_low", "equivalence_high", "p_equivalence", "p_equivalence_holm"]
COLUMNS += ["hedges_gz", "wins", "diverged", "ended", "holes", "verdict"]
# Not in effects.csv, for the figures and the text. `test` is paired or Welch's; simultaneous intervals are Bonferroni's
# over the planned variants; *_at_chance has diverged runs scored at chance; `reason` is one of `verdict`. With stages,
# baseline_* are of the seeds of the looks at the variant, and `planned_looks` is their number (else 1).
FURTHER = ["test", "simultaneous_low", "simultaneous_high", "p_divergence_holm", "verdict_converged"]
FURTHER += ["difference_at_chance", "verdict_at_chance", "reason", "baseline_diverged", "baseline_ended"]
FURTHER += ["planned_looks"]
COUNTS = ["n", "wins", "diverged", "ended", "holes", "baseline_diverged", "baseline_ended"]  # integers


def planned_comparisons(runs: pd.DataFrame) -> int:
    """The size m of the primary family: every planned variant but the baseline, whatever became of its runs."""
    return len(set(runs["variant"]) - {collect.BASELINE})


def effects(
    runs: pd.DataFrame,
    confidence: float = 0.95,
    metric: Metric = ACCURACY,
    chance: float | None = None,
    looks: PlannedLooks | None = None,
) -> pd.DataFrame:
    """One row per variant, the baseline first: the columns of `report/effects.csv`, then `FURTHER`.

    mean, sd and baseline_mean are recorded values (accuracies are fractions); differences and their intervals are in
    printed units (percentage points). They are over the seeds on which variant and baseline both completed. If they
    share none, n, mean and sd are the variant's own, baseline_mean the baseline's, and the test is Welch's instead of
    the paired t.

    The primary family is every planned variant: Holm's correction, and that of the equivalence tests, are over their
    number, whatever could be tested. Verdicts: `ablate.analysis.verdict`.

    Args:
        runs: frame of `collect`; a boolean column `collapsed` marks completed runs that learned nothing. They count
            like diverged runs in `diverged` and in the verdict `diverges`; in the difference they keep their accuracy.
        confidence: 1 - alpha of all families, and of the two-sided intervals; that of equivalence is at 1 - 2 alpha.
        metric: what is compared, with the margin of equivalence.
        chance: recorded value of a diverged run; None: unknown.
        looks: of a study with stages. Its runs up to the last look are compared; p-values are sequential, and intervals
            are repeated confidence intervals.
    """
    m, names = planned_comparisons(runs), list(collect.labels(runs))
    runs = runs if looks is None else looks.covered(runs)
    results, alpha = by_variant(runs, chance, metric), 1 - confidence
    baseline = results.get(collect.BASELINE, VariantResults())
    variants = [name for name in names if name != collect.BASELINE]
    results |= {name: VariantResults() for name in variants if name not in results}  # at which no look was taken
    completed = {name: results[name].completed for name in variants}
    converged = against_baseline(completed, baseline.completed, m, metric, alpha, looks)
    scores = [score for one in results.values() for score in one.diverged.values()]
    known = not np.isnan(scores).any()
    scored = converged
    if known and scores:
        at_chance = {name: results[name].completed | results[name].diverged for name in variants}
        scored = against_baseline(at_chance, baseline.completed | baseline.diverged, m, metric, alpha, looks)
    p_divergence = divergence_p({name: results[name] for name in variants}, baseline, looks)
    rows = [_baseline_row(baseline)] if collect.BASELINE in names else []
    for name in variants:
        variant = results[name]
        against = baseline if looks is None else baseline.of_seeds(looks.seen(name))
        diverging = verdict.divergence(variant.rate, against.rate, p_divergence[name], alpha)
        final, reason = verdict.combined(
            converged[name].verdict,
            scored[name].verdict if known else None,
            diverging,
            bool(variant.diverged or against.diverged),
        )
        row = _row(name, variant, against, converged[name], metric)
        row |= {"p_divergence_holm": p_divergence[name], "verdict": final, "reason": reason}
        row |= {"difference_at_chance": metric.scale * scored[name].difference.mean if known else np.nan}
        rows.append(row | {"verdict_at_chance": scored[name].verdict if known else ""})
    columns: dict[str, Any] = {name: [row.get(name, np.nan) for row in rows] for name in COLUMNS + FURTHER}
    columns["planned_looks"] = [1 if looks is None else len(looks.sizes)] * len(rows)
    whole = {name: pd.array(columns[name], dtype="Int64") for name in COUNTS}
    return pd.DataFrame(columns | whole)


def _baseline_row(baseline: VariantResults) -> dict[str, Any]:
    mean, sd = _moments([*baseline.completed.values()])
    row = {"variant": collect.BASELINE, "n": len(baseline.completed), "mean": mean, "sd": sd, "baseline_mean": mean}
    row |= {"diverged": baseline.failures, "ended": baseline.ended, "holes": len(baseline.holes)}
    row |= {"test": "", "reason": ""}
    return row | dict.fromkeys(("verdict", "verdict_converged", "verdict_at_chance"), collect.BASELINE)


def _row(
    name: str,
    variant: VariantResults,
    baseline: VariantResults,
    comparison: Comparison,
    metric: Metric,
) -> dict[str, Any]:
    """What is known of a variant, but for its final verdict."""
    difference, equivalence = comparison.difference, comparison.equivalence
    paired = isinstance(difference, stats.PairedDifference)
    shared = [seed for seed in variant.completed if not paired or seed in baseline.completed]
    mean, sd = _moments([variant.completed[seed] for seed in shared])
    of_baseline = [baseline.completed[seed] for seed in shared] if paired else [*baseline.completed.values()]
    row: dict[str, Any] = {"variant": name, "n": len(shared), "mean": mean, "sd": sd}
    row["baseline_mean"] = _moments(of_baseline)[0] if shared else np.nan
    row |= {
        "difference": metric.scale * difference.mean,
        "ci_low": metric.scale * difference.low,
        "ci_high": metric.scale * difference.high,
    }
    row |= {"p": difference.p, "p_holm": comparison.p_holm, "verdict_converged": comparison.verdict}
    row |= {
        "equivalence_low": metric.scale * equivalence.low,
        "equivalence_high": metric.scale * equivalence.high,
    }
    row |= {"p_equivalence": equivalence.p, "p_equivalence_holm": comparison.p_equivalence_holm}
    low, high = comparison.simultaneous
    row |= {"simultaneous_low": metric.scale * low, "simultaneous_high": metric.scale * high}
    row |= {"diverged": variant.failures, "ended": variant.ended, "holes": len(variant.holes)}
    row |= {"baseline_diverged": baseline.failures, "baseline_ended": baseline.ended}
    if isinstance(difference, stats.WelchDifference):
        return row | {"test": "Welch's t", "hedges_gz": np.nan, "wins": np.nan}
    wins = sum(metric.sign * (variant.completed[seed] - baseline.completed[seed]) > 0 for seed in shared)
    return row | {"test": "paired t", "hedges_gz": difference.g_z, "wins": wins if shared else np.nan}


def _moments(values: list[float]) -> tuple[float, float]:
    """Mean and SD (n - 1); NaN where there are too few values."""
    mean = float(np.mean(values)) if values else np.nan
    return mean, float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def most_different(effects: pd.DataFrame, count: int) -> list[str]:
    """The baseline and the variants that differ most from it, `count` together, largest difference first."""
    base = effects["variant"] == collect.BASELINE
    order = effects.loc[~base, "difference"].abs().sort_values(ascending=False, kind="stable").index
    return [*effects.loc[base, "variant"], *effects.loc[order, "variant"]][:count]
