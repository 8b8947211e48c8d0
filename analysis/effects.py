"""Runs -> what each variant changes, against the baseline on the same seeds, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats, verdict

METRIC = "val_accuracy"
COLUMNS = ["variant", "n", "mean", "sd", "baseline_mean", "difference_pp", "ci_low_pp", "ci_high_pp", "p", "p_holm"]
COLUMNS += ["equivalence_low_pp", "equivalence_high_pp", "p_equivalence", "p_equivalence_holm"]
COLUMNS += ["hedges_gz", "wins", "diverged", "ended", "holes", "verdict"]
# Not in effects.csv, for the figures and the text. `test` is paired or Welch's; simultaneous intervals are Bonferroni's
# over the planned variants; *_at_chance has diverged runs scored at chance; `reason` is one of `verdict`.
FURTHER = ["test", "simultaneous_low_pp", "simultaneous_high_pp", "p_divergence", "verdict_converged"]
FURTHER += ["difference_at_chance_pp", "verdict_at_chance", "reason"]
Seeds = dict[int, float]  # seed -> value of the metric


@dataclass(frozen=True)
class Outcomes:
    """The results of one variant. A run without a result (missing, crashed, ...) is in `holes` alone."""

    completed: Seeds = field(default_factory=dict)
    diverged: Seeds = field(default_factory=dict)  # scored at chance; NaN if that is unknown
    at_chance: int = 0  # completed runs that learned nothing
    holes: int = 0

    @property
    def ended(self) -> int:
        """Runs with a result."""
        return len(self.completed) + len(self.diverged)

    @property
    def failures(self) -> int:
        """Runs that diverged or learned nothing."""
        return len(self.diverged) + self.at_chance

    @property
    def rate(self) -> float:
        """Share of the runs with a result that diverged or learned nothing."""
        return self.failures / self.ended if self.ended else np.nan


@dataclass(frozen=True)
class Comparison:
    """One variant against the baseline; NaN where nothing can be tested."""

    difference: stats.PairedDifference | stats.WelchDifference
    equivalence: stats.Equivalence
    p_holm: float
    p_equivalence_holm: float
    verdict: str


def learned(runs: pd.DataFrame) -> pd.Series:
    """True for each completed run that did not end at chance (column `collapsed`, if the frame has it)."""
    completed: pd.Series = runs["status"] == "completed"
    return completed & ~runs["collapsed"] if "collapsed" in runs else completed


def pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """Completed runs next to the baseline's of the same seed: variant, seed, value, baseline (NaN if it has none)."""
    rows = runs.loc[runs["status"] == "completed", ["variant", "seed", METRIC]].rename(columns={METRIC: "value"})
    baseline = rows.loc[rows["variant"] == collect.BASELINE, ["seed", "value"]]
    return rows.merge(baseline.rename(columns={"value": "baseline"}), on="seed", how="left")


def planned_comparisons(runs: pd.DataFrame) -> int:
    """The size m of the primary family: every planned variant but the baseline, whatever became of its runs."""
    return len(set(runs["variant"]) - {collect.BASELINE})


def effects(
    runs: pd.DataFrame, confidence: float = 0.95, margin: float | None = None, chance: float | None = None
) -> pd.DataFrame:
    """One row per variant, the baseline first: the columns of `report/effects.csv`, then `FURTHER`.

    n, mean, sd and baseline_mean are over the seeds on which variant and baseline both completed. If they share none,
    n, mean and sd are the variant's own, baseline_mean the baseline's, and the test is Welch's instead of the paired t.

    The primary family is every planned variant: Holm's correction, and that of the equivalence tests, are over their
    number, whatever could be tested. Verdicts: `ablate.analysis.verdict`.

    Args:
        runs: frame of `collect`; a boolean column `collapsed` marks completed runs that learned nothing. They count
            like diverged runs in `diverged` and in the verdict `diverges`; in the difference they keep their accuracy.
        confidence: 1 - alpha of all families, and of the two-sided intervals; that of equivalence is at 1 - 2 alpha.
        margin: of equivalence, percentage points; None: not asked.
        chance: accuracy of a diverged run, a fraction; None: unknown.
    """
    outcomes, m, alpha = _outcomes(runs, chance), planned_comparisons(runs), 1 - confidence
    names = list(collect.labels(runs))
    base = outcomes.get(collect.BASELINE, Outcomes())
    variants = [name for name in names if name != collect.BASELINE]
    values = {name: outcomes[name].completed for name in variants}
    compared = _compare(values, base.completed, m, margin, alpha)
    known = chance is not None or not any(one.diverged for one in outcomes.values())
    scored = compared
    if known and any(one.diverged for one in outcomes.values()):
        values = {name: outcomes[name].completed | outcomes[name].diverged for name in variants}
        scored = _compare(values, base.completed | base.diverged, m, margin, alpha)
    counts = [(o.failures, o.ended, base.failures, base.ended) for o in map(outcomes.get, variants) if o]
    p_divergence = dict(zip(variants, stats.fisher_exact_family(counts)[1], strict=True))
    rows = [_baseline_row(base)] if collect.BASELINE in names else []
    for name in variants:
        own = outcomes[name]
        diverging = verdict.divergence(own.rate, base.rate, p_divergence[name], alpha)
        final, reason = verdict.combined(
            compared[name].verdict,
            scored[name].verdict if known else None,
            diverging,
            bool(own.diverged or base.diverged),
        )
        row = _row(name, own, base, compared[name], 1 - alpha / max(m, 1))
        row |= {"p_divergence": p_divergence[name], "verdict": final, "reason": reason}
        row |= {"difference_at_chance_pp": 100 * scored[name].difference.mean if known else np.nan}
        rows.append(row | {"verdict_at_chance": scored[name].verdict if known else ""})
    columns: dict[str, Any] = {name: [row.get(name, np.nan) for row in rows] for name in COLUMNS + FURTHER}
    whole = {name: pd.array(columns[name], dtype="Int64") for name in ("n", "wins", "diverged", "ended", "holes")}
    return pd.DataFrame(columns | whole)


def _outcomes(runs: pd.DataFrame, chance: float | None) -> dict[str, Outcomes]:
    """The results of each variant, by seed."""
    values: dict[str, tuple[Seeds, Seeds]] = {name: ({}, {}) for name in runs["variant"]}
    at_chance, holes = dict.fromkeys(values, 0), dict.fromkeys(values, 0)
    columns = (runs["variant"], runs["seed"], runs["status"], runs[METRIC], learned(runs))
    for name, seed, status, value, above_chance in zip(*columns, strict=True):
        completed, diverged = values[name]
        if status == "completed":
            completed[seed] = value
            at_chance[name] += not above_chance
        elif status == "diverged":
            diverged[seed] = np.nan if chance is None else chance
        else:
            holes[name] += status in collect.HOLES
    return {name: Outcomes(*own, at_chance[name], holes[name]) for name, own in values.items()}


def _compare(
    values: Mapping[str, Seeds], baseline: Seeds, m: int, margin: float | None, alpha: float
) -> dict[str, Comparison]:
    """Every variant against the baseline, corrected for the m planned."""
    differences = {name: _difference(own, baseline, 1 - alpha) for name, own in values.items()}
    untested = stats.Equivalence(np.nan, np.nan, np.nan)
    same = {
        name: stats.equivalence_of(one, margin / 100, alpha)
        if margin is not None and isinstance(one, stats.PairedDifference)
        else untested
        for name, one in differences.items()
    }
    p = stats.holm([one.p for one in differences.values()], m)
    p_equivalence = stats.holm([one.p for one in same.values()], m)
    return {
        name: Comparison(one, same[name], p_one, p_same, verdict.difference(one.mean, p_one, p_same, alpha))
        for (name, one), p_one, p_same in zip(differences.items(), p, p_equivalence, strict=True)
    }


def _difference(own: Seeds, baseline: Seeds, confidence: float) -> stats.PairedDifference | stats.WelchDifference:
    """Paired over the seeds that both have; Welch's over all runs if they share none."""
    shared = [seed for seed in own if seed in baseline]
    if not shared and own and baseline:
        return stats.welch_difference([*own.values()], [*baseline.values()], confidence)
    return stats.paired_difference([own[s] for s in shared], [baseline[s] for s in shared], confidence)


def _baseline_row(base: Outcomes) -> dict[str, Any]:
    mean, sd = _moments([*base.completed.values()])
    row = {"variant": collect.BASELINE, "n": len(base.completed), "mean": mean, "sd": sd, "baseline_mean": mean}
    row |= {"diverged": base.failures, "ended": base.ended, "holes": base.holes, "test": "", "reason": ""}
    return row | dict.fromkeys(("verdict", "verdict_converged", "verdict_at_chance"), verdict.BASELINE)


def _row(name: str, own: Outcomes, base: Outcomes, one: Comparison, simultaneous: float) -> dict[str, Any]:
    """What is known of a variant, but for its final verdict."""
    difference, paired = one.difference, isinstance(one.difference, stats.PairedDifference)
    shared = [seed for seed in own.completed if not paired or seed in base.completed]
    mean, sd = _moments([own.completed[seed] for seed in shared])
    of_base = [base.completed[seed] for seed in shared] if paired else [*base.completed.values()]
    row: dict[str, Any] = {"variant": name, "n": len(shared), "mean": mean, "sd": sd}
    row["baseline_mean"] = _moments(of_base)[0] if shared else np.nan
    row |= {
        "difference_pp": 100 * difference.mean,
        "ci_low_pp": 100 * difference.low,
        "ci_high_pp": 100 * difference.high,
    }
    row |= {"p": difference.p, "p_holm": one.p_holm, "verdict_converged": one.verdict}
    row |= {"equivalence_low_pp": 100 * one.equivalence.low, "equivalence_high_pp": 100 * one.equivalence.high}
    row |= {"p_equivalence": one.equivalence.p, "p_equivalence_holm": one.p_equivalence_holm}
    low, high = difference.interval(simultaneous)
    row |= {"simultaneous_low_pp": 100 * low, "simultaneous_high_pp": 100 * high}
    row |= {"diverged": own.failures, "ended": own.ended, "holes": own.holes}
    if isinstance(difference, stats.WelchDifference):
        return row | {"test": "Welch's t", "hedges_gz": np.nan, "wins": np.nan}
    return row | {"test": "paired t", "hedges_gz": difference.g_z, "wins": difference.wins if shared else np.nan}


def _moments(values: list[float]) -> tuple[float, float]:
    """Mean and SD (n - 1); NaN where there are too few values."""
    mean = float(np.mean(values)) if values else np.nan
    return mean, float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def differences(runs: pd.DataFrame) -> pd.Series:
    """Percentage points by (variant, seed), over the seeds on which variant and baseline both completed."""
    paired = pairs(runs).dropna(subset="baseline")
    paired = paired[paired["variant"] != collect.BASELINE]
    return (100 * (paired["value"] - paired["baseline"])).set_axis(
        pd.MultiIndex.from_frame(paired[["variant", "seed"]])
    )


def correlation(runs: pd.DataFrame) -> float:
    """The correlation over seeds of the variants that completed on the most seeds; NaN if unknown."""
    rows = runs[runs["status"] == "completed"]
    seeds = rows.groupby("variant")["seed"].transform("size")
    wide = rows[seeds == seeds.max()].pivot(index="variant", columns="seed", values=METRIC)
    return stats.mean_correlation(wide.dropna(axis=1).to_numpy())


def most_different(effects: pd.DataFrame, count: int) -> list[str]:
    """The baseline and the variants that differ most from it, `count` together, largest difference first."""
    base = effects["variant"] == collect.BASELINE
    order = effects.loc[~base, "difference_pp"].abs().sort_values(ascending=False, kind="stable").index
    return [*effects.loc[base, "variant"], *effects.loc[order, "variant"]][:count]
