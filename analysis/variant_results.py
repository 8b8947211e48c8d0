"""The results of the runs by variant and seed, next to those of the baseline."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats
from ablate.runs.metric import ACCURACY, Metric

Seeds = dict[int, float]  # seed -> recorded value of the metric


@dataclass(frozen=True)
class VariantResults:
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


def by_variant(runs: pd.DataFrame, chance: float | None, metric: Metric = ACCURACY) -> dict[str, VariantResults]:
    """The results of each variant.

    Args:
        runs: frame of `collect`, with or without the column `collapsed`.
        chance: recorded value of a diverged run; None: unknown. A column `scored` of the frame counts before it.
        metric: that of the study.
    """
    values: dict[str, tuple[Seeds, Seeds]] = {name: ({}, {}) for name in runs["variant"]}
    at_chance, holes = dict.fromkeys(values, 0), dict.fromkeys(values, 0)
    scored = runs["scored"] if "scored" in runs else pd.Series(np.nan if chance is None else chance, runs.index)
    columns = (runs["variant"], runs["seed"], runs["status"], runs[metric.name], learned(runs), scored)
    for name, seed, status, value, above_chance, at_chance_value in zip(*columns, strict=True):
        completed, diverged = values[name]
        if status == "completed":
            completed[seed] = value
            at_chance[name] += not above_chance
        elif status == "diverged":
            diverged[seed] = at_chance_value
        else:
            holes[name] += status in collect.HOLES
    return {
        name: VariantResults(completed, diverged, at_chance[name], holes[name])
        for name, (completed, diverged) in values.items()
    }


def learned(runs: pd.DataFrame) -> pd.Series:
    """True for each completed run that did not end at chance (column `collapsed`, if the frame has it)."""
    completed: pd.Series = runs["status"] == "completed"
    return completed & ~runs["collapsed"] if "collapsed" in runs else completed


def pairs(runs: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """Completed runs next to the baseline's of the same seed: variant, seed, value, baseline (NaN if it has none)."""
    rows = runs.loc[runs["status"] == "completed", ["variant", "seed", metric.name]]
    rows = rows.rename(columns={metric.name: "value"})
    baseline = rows.loc[rows["variant"] == collect.BASELINE, ["seed", "value"]]
    return rows.merge(baseline.rename(columns={"value": "baseline"}), on="seed", how="left")


def differences(runs: pd.DataFrame, metric: Metric) -> pd.Series:
    """Differences to the baseline in printed units, such as percentage points, by (variant, seed).

    They are over the seeds on which variant and baseline both completed.
    """
    paired = pairs(runs, metric).dropna(subset="baseline")
    paired = paired[paired["variant"] != collect.BASELINE]
    return (metric.scale * (paired["value"] - paired["baseline"])).set_axis(
        pd.MultiIndex.from_frame(paired[["variant", "seed"]])
    )


def correlation(runs: pd.DataFrame, metric: Metric) -> float:
    """The correlation over seeds of the variants that completed on the most seeds; NaN if unknown."""
    rows = runs[runs["status"] == "completed"]
    seeds = rows.groupby("variant")["seed"].transform("size")
    wide = rows[seeds == seeds.max()].pivot(index="variant", columns="seed", values=metric.name)
    return stats.mean_correlation(wide.dropna(axis=1).to_numpy())
