"""Runs -> what each variant changes, against the baseline on the same seeds, and the verdict."""

import numpy as np
import pandas as pd

from analysis import collect, stats

METRIC = "val_accuracy"
COLUMNS = ["variant", "n", "mean", "sd", "baseline_mean", "difference_pp", "ci_low_pp", "ci_high_pp", "p", "p_holm"]
COLUMNS += ["hedges_gz", "wins", "failures", "verdict"]
# Not in effects.csv, for the figures and the text: Bonferroni's interval over all comparisons, the equivalence test,
# and the verdict with diverged runs scored at chance.
FURTHER = ["simultaneous_low_pp", "simultaneous_high_pp", "p_equivalence", "verdict_with_diverged"]


def pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """Completed runs beside the baseline's of the same seed: variant, seed, value, baseline (NaN if there is none)."""
    completed = runs.loc[runs["status"] == "completed", ["variant", "seed", METRIC]].rename(columns={METRIC: "value"})
    baseline = completed.loc[completed["variant"] == collect.BASELINE, ["seed", "value"]]
    return completed.merge(baseline.rename(columns={"value": "baseline"}), on="seed", how="left")


def effects(
    runs: pd.DataFrame, confidence: float = 0.95, margin: float | None = None, chance: float | None = None
) -> pd.DataFrame:
    """One row a variant, the baseline first, with the columns of `report/effects.csv`, then `FURTHER`.

    n, mean, sd and baseline_mean are over the seeds that variant and baseline both completed; if they share none, n,
    mean and sd are the variant's own and nothing is compared. The verdict: better or worse if Holm's p is below
    1 - confidence; else equivalent if the difference is shown to be within +- `margin` (percentage points; None: not
    asked); else inconclusive. A variant whose verdict is another with diverged runs scored at `chance` is inconclusive.
    """
    table = _judged(runs, confidence, margin)
    diverged = runs["status"] == "diverged"
    if chance is not None and diverged.any():
        scored = runs.assign(
            **{METRIC: runs[METRIC].mask(diverged, chance), "status": runs["status"].mask(diverged, "completed")}
        )
        table["verdict_with_diverged"] = _judged(scored, confidence, margin)["verdict"]
        disagrees = table["verdict"] != table["verdict_with_diverged"]
        touched = table["variant"].isin(runs.loc[diverged, "variant"]) | (
            collect.BASELINE in set(runs.loc[diverged, "variant"])
        )
        table.loc[disagrees & touched & (table["verdict"] != "not testable"), "verdict"] = "inconclusive"
    else:
        table["verdict_with_diverged"] = table["verdict"]
    table["failures"] = table["variant"].map((runs["status"] != "completed").groupby(runs["variant"]).sum())
    return table.astype({"n": "Int64", "wins": "Int64", "failures": "Int64"})[COLUMNS + FURTHER]


def _judged(runs: pd.DataFrame, confidence: float, margin: float | None) -> pd.DataFrame:
    """The rows of all variants, corrected for their number, with verdicts."""
    completed = pairs(runs)
    groups = dict(list(completed.groupby("variant")))
    nothing = completed.iloc[:0]
    names = list(collect.labels(runs))
    table = pd.DataFrame([_effect(name, groups.get(name, nothing), confidence, margin) for name in names])
    compared = table["variant"] != collect.BASELINE
    table["p_holm"] = np.nan
    table.loc[compared, "p_holm"] = stats.holm(table.loc[compared, "p"])
    tested = int(table["p"].notna().sum())
    strict = 1 - (1 - confidence) / max(tested, 1)
    bounds = [_interval(groups.get(name, nothing), strict) if name != collect.BASELINE else (np.nan,) * 2
              for name in names]  # fmt: skip
    table[["simultaneous_low_pp", "simultaneous_high_pp"]] = bounds
    table["verdict"] = [_verdict(row, 1 - confidence) for row in table.itertuples()]
    return table


def _effect(variant: str, runs: pd.DataFrame, confidence: float, margin: float | None) -> dict:
    """The row of one variant, from its completed runs as `pairs` gives them."""
    paired = runs.dropna(subset="baseline")
    own = runs if paired.empty else paired
    row = {"variant": variant, "n": len(own), "mean": own["value"].mean(), "sd": own["value"].std()}
    row["baseline_mean"] = paired["baseline"].mean()
    if variant == collect.BASELINE:
        empty = ("difference_pp", "ci_low_pp", "ci_high_pp", "p", "hedges_gz", "wins", "p_equivalence")
        return row | dict.fromkeys(empty, np.nan)
    effect = stats.paired_difference(paired["value"], paired["baseline"], confidence)
    same = np.nan
    if margin is not None:
        same = stats.equivalence(paired["value"], paired["baseline"], margin / 100, 1 - confidence).p
    return row | {
        "difference_pp": 100 * effect.mean,
        "ci_low_pp": 100 * effect.low,
        "ci_high_pp": 100 * effect.high,
        "p": effect.p,
        "hedges_gz": effect.g_z,
        "wins": effect.wins if effect.n else np.nan,
        "p_equivalence": same,
    }


def _interval(runs: pd.DataFrame, confidence: float) -> tuple[float, float]:
    """The interval of a variant's difference, in points."""
    paired = runs.dropna(subset="baseline")
    found = stats.paired_difference(paired["value"], paired["baseline"], confidence)
    return 100 * found.low, 100 * found.high


def _verdict(row: tuple, alpha: float) -> str:
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
