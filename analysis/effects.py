"""Runs -> what each variant changes, against the baseline on the same seeds, and the verdict."""

from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats

METRIC = "val_accuracy"
COLUMNS = ["variant", "n", "mean", "sd", "baseline_mean", "difference_pp", "ci_low_pp", "ci_high_pp", "p", "p_holm"]
COLUMNS += ["hedges_gz", "wins", "failures", "verdict"]
# Not in effects.csv, for the figures and the text: the test (paired or Welch's), Bonferroni's interval over all
# comparisons, the equivalence test, and the difference and verdict with diverged runs scored at chance.
FURTHER = ["test", "simultaneous_low_pp", "simultaneous_high_pp", "p_equivalence"]
FURTHER += ["difference_with_diverged_pp", "verdict_with_diverged"]


def pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """Completed runs beside the baseline's of the same seed: variant, seed, value, baseline (NaN if there is none)."""
    completed = runs.loc[runs["status"] == "completed", ["variant", "seed", METRIC]].rename(columns={METRIC: "value"})
    baseline = completed.loc[completed["variant"] == collect.BASELINE, ["seed", "value"]]
    return completed.merge(baseline.rename(columns={"value": "baseline"}), on="seed", how="left")


def effects(
    runs: pd.DataFrame, confidence: float = 0.95, margin: float | None = None, chance: float | None = None
) -> pd.DataFrame:
    """One row a variant, the baseline first, with the columns of `report/effects.csv`, then `FURTHER`.

    n, mean, sd and baseline_mean are over the seeds that variant and baseline both completed. If they share none, n,
    mean and sd are the variant's own, baseline_mean the baseline's, and the test is Welch's instead of the paired t.
    The verdict: better or worse if Holm's p is below 1 - confidence; else equivalent if the difference is shown to be
    within +- `margin` (percentage points; None: not asked; paired only); else inconclusive. A variant whose verdict is
    another with diverged runs scored at `chance` is inconclusive.
    """
    table = _judged(runs, confidence, margin)
    diverged = runs["status"] == "diverged"
    scored = table
    if chance is not None and diverged.any():
        metric, status = runs[METRIC].mask(diverged, chance), runs["status"].mask(diverged, "completed")
        scored = _judged(runs.assign(**{METRIC: metric, "status": status}), confidence, margin)
    table["difference_with_diverged_pp"] = scored["difference_pp"]
    table["verdict_with_diverged"] = scored["verdict"].copy()
    with_diverged = set(runs.loc[diverged, "variant"])
    touched = table["variant"].isin(with_diverged) | (collect.BASELINE in with_diverged)
    disagree = touched & (table["verdict"] != table["verdict_with_diverged"]) & (table["verdict"] != "not testable")
    table.loc[disagree, "verdict"] = "inconclusive"
    table["failures"] = table["variant"].map((runs["status"] != "completed").groupby(runs["variant"]).sum())
    return table.astype({"n": "Int64", "wins": "Int64", "failures": "Int64"})[COLUMNS + FURTHER]


def _judged(runs: pd.DataFrame, confidence: float, margin: float | None) -> pd.DataFrame:
    """The rows of all variants, corrected for their number, with verdicts."""
    completed = pairs(runs)
    baseline = completed.loc[completed["variant"] == collect.BASELINE, "value"]
    groups, nothing = dict(list(completed.groupby("variant"))), completed.iloc[:0]
    own = {name: groups.get(name, nothing) for name in collect.labels(runs)}
    table = pd.DataFrame([_effect(name, rows, baseline, confidence, margin) for name, rows in own.items()])
    table["p_holm"] = stats.holm(table["p"])
    tested = int(table["p"].notna().sum())
    strict = 1 - (1 - confidence) / max(tested, 1)
    table[["simultaneous_low_pp", "simultaneous_high_pp"]] = [
        (np.nan, np.nan) if name == collect.BASELINE else _points(_compared(rows, baseline, strict))
        for name, rows in own.items()
    ]
    table["verdict"] = [_verdict(row, 1 - confidence) for row in table.itertuples()]
    return table


def _effect(
    variant: str, runs: pd.DataFrame, baseline: pd.Series, confidence: float, margin: float | None
) -> dict[str, Any]:
    """The row of one variant, from its completed runs as `pairs` gives them and the baseline's values."""
    paired = runs.dropna(subset="baseline")
    shown, base = (runs, baseline) if paired.empty else (paired, paired["baseline"])
    row = {"variant": variant, "n": len(shown), "mean": shown["value"].mean(), "sd": shown["value"].std()}
    row["baseline_mean"] = base.mean() if len(shown) else np.nan
    if variant == collect.BASELINE:
        empty = ("difference_pp", "ci_low_pp", "ci_high_pp", "p", "hedges_gz", "wins", "p_equivalence")
        return row | dict.fromkeys(empty, np.nan) | {"test": ""}
    found = _compared(runs, baseline, confidence)
    row |= {"difference_pp": 100 * found.mean, "p": found.p}
    row["ci_low_pp"], row["ci_high_pp"] = _points(found)
    if isinstance(found, stats.WelchDifference):
        return row | {"test": "Welch's t", "hedges_gz": np.nan, "wins": np.nan, "p_equivalence": np.nan}
    same = np.nan
    if margin is not None:
        same = stats.equivalence(paired["value"], paired["baseline"], margin / 100, 1 - confidence).p
    wins = found.wins if found.n else np.nan
    return row | {"test": "paired t", "hedges_gz": found.g_z, "wins": wins, "p_equivalence": same}


def _compared(
    runs: pd.DataFrame, baseline: pd.Series, confidence: float
) -> stats.PairedDifference | stats.WelchDifference:
    """Paired over the seeds that both completed; Welch's over all runs if they share none."""
    paired = runs.dropna(subset="baseline")
    if paired.empty and len(runs) and len(baseline):
        return stats.welch_difference(runs["value"], baseline, confidence)
    return stats.paired_difference(paired["value"], paired["baseline"], confidence)


def _points(found: stats.PairedDifference | stats.WelchDifference) -> tuple[float, float]:
    """The interval in percentage points."""
    return 100 * found.low, 100 * found.high


def _verdict(row: Any, alpha: float) -> str:
    """In a word, what the tests allow to be said. A large p never says that there is no effect."""
    if row.variant == collect.BASELINE:
        return "baseline"
    if pd.isna(row.p_holm):
        return "not testable"
    if row.p_holm < alpha:
        return "better" if row.difference_pp > 0 else "worse"
    return "equivalent" if row.p_equivalence < alpha else "inconclusive"


def differences(runs: pd.DataFrame) -> pd.Series:
    """Percentage points by (variant, seed), of the seeds that variant and baseline both completed."""
    paired = pairs(runs).dropna(subset="baseline")
    paired = paired[paired["variant"] != collect.BASELINE]
    return (100 * (paired["value"] - paired["baseline"])).set_axis(
        pd.MultiIndex.from_frame(paired[["variant", "seed"]])
    )


def most_different(effects: pd.DataFrame, count: int) -> list[str]:
    """The baseline and the variants that differ most from it, `count` together, largest difference first."""
    base = effects["variant"] == collect.BASELINE
    order = effects.loc[~base, "difference_pp"].abs().sort_values(ascending=False, kind="stable").index
    return [*effects.loc[base, "variant"], *effects.loc[order, "variant"]][:count]
