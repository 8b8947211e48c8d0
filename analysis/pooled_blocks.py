"""The runs, curves and tests of a study with blocks, averaged over the blocks.

A seed of a variant has the mean of its values in all blocks, so that its difference from the baseline is the mean of
the differences within blocks (these blocks fixed, Demsar 2006); its interval is over seeds.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from ablate.analysis import collect
from ablate.analysis.blocks import renamed
from ablate.analysis.on_test_set.usage import Usage
from ablate.runs.study_plan import StudyPlan

AVERAGED = (*collect.METRICS, "seconds")
EQUAL = ("epochs", "parameters", "macs", "classes")  # columns that the blocks may differ in, which are then empty


def pooled(runs: pd.DataFrame, plan: StudyPlan) -> pd.DataFrame:
    """One row per variant and seed, with the mean of the metrics over blocks: a frame as of `collect`.

    A row is completed if the run completed in every block; else it has the status of the first run that did not. The
    column `scored` has the mean with diverged runs scored at chance, NaN if that is unknown. A row is `collapsed` if a
    run is.

    Args:
        runs: frame of `collect` of all blocks.
        plan: a plan with a block.
    """
    assert plan.block is not None
    metric = plan.metric
    inner = renamed(runs, plan)
    at_chance = [metric.at_chance(None if pd.isna(n) else int(n)) for n in inner["classes"]]
    known = inner[metric.name].where(inner["status"] == "completed")
    inner["scored"] = known.where(inner["status"] != "diverged", pd.Series(at_chance, inner.index, dtype=float))
    keys = ["variant", "seed"]
    groups, count = inner.groupby(keys, sort=False), inner["block"].nunique()
    rows = groups.first().reset_index()[[name for name in inner.columns if name not in ("block", "scored")]]
    values = [name for name in dict.fromkeys([*AVERAGED, metric.name, *plan.secondary]) if name in inner]
    # NaN unless every block has a value.
    means = groups[[*values, "scored"]].sum(min_count=count) / count
    rows[values], rows["scored"] = means[values].to_numpy(float), means["scored"].to_numpy(float)
    for name in EQUAL:
        rows[name] = rows[name].where(groups[name].nunique().to_numpy() == 1)
    if "collapsed" in rows:
        rows["collapsed"] = groups["collapsed"].any().to_numpy()
    rows["status"] = np.where(groups.size() == count, groups["status"].agg(_status), "missing")
    return rows


def _status(statuses: pd.Series) -> str:
    """The status of several runs as one: a run without a result counts before one that diverged."""
    lost = [str(status) for status in statuses if status in collect.HOLES]
    others = sorted({*statuses} - {"completed"})
    return next(iter([*lost, *others]), "completed")


def mean_curves(curves: pd.DataFrame, runs: pd.DataFrame, plan: StudyPlan) -> pd.DataFrame:
    """The learning curves averaged over blocks: the epochs that a seed of a variant completed in every block.

    Args:
        curves: frame of `collect.curves` of all blocks.
        runs: frame of `collect` of all blocks.
        plan: a plan with a block.
    """
    names = dict(zip(runs["variant"], renamed(runs, plan)["variant"], strict=True))
    columns = [name for name in curves.columns if name not in ("variant", "seed", "status", "epoch")]
    groups = curves.assign(variant=curves["variant"].map(names)).groupby(["variant", "seed", "epoch"], sort=False)
    means = groups[columns].mean()
    status = groups["status"].agg(_status)
    whole = (groups.size() == runs[plan.block].nunique()) | (status != "completed")
    return means.assign(status=status)[whole].reset_index()[list(curves.columns)]


def pooled_usage(usage: Usage, runs: pd.DataFrame, plan: StudyPlan) -> Usage:
    """The use of the test set per variant and seed, with the mean results; NaN unless all blocks were tested."""
    names = dict(zip(runs["variant"], renamed(runs, plan)["variant"], strict=True))
    renamed_runs = usage.runs.assign(variant=usage.runs["variant"].map(lambda name: names.get(name, name)))
    groups = renamed_runs.groupby(["variant", "seed"], sort=False, dropna=False)
    count = runs[plan.block].nunique()
    means = groups[["accuracy", "value"]].sum(min_count=count) / count
    return replace(usage, runs=groups["times"].sum().to_frame().join(means).reset_index())
