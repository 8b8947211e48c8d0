"""The metric against training time."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from matplotlib.transforms import Bbox

from ablate.analysis import collect, interval_limits
from ablate.analysis.figures.point_labels import label_points
from ablate.analysis.figures.style import BLUE, COLUMN, STYLE, VERMILLION, drawable, wrap_label
from ablate.analysis.metric_format import PERCENT, MetricFormat

NAMED = 24  # variants with labels; of more, only the baseline and those that no other one dominates


def cost(runs: pd.DataFrame, shown: MetricFormat = PERCENT) -> Figure:
    """Draw one point per variant: the mean of the metric with a 95 % t-interval against median run time (log scale).

    Args:
        runs: The frame of `collect.collect`; completed runs are drawn.
        shown: how the metric is printed.
    """
    points = costs(runs, shown)
    labels, (low, high) = collect.labels(runs), ends(points)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 2.6), layout="constrained")
        axis = figure.subplots()
        is_baseline = points.index == collect.BASELINE
        for marker, mask, color in (("o", ~is_baseline, BLUE), ("s", is_baseline, VERMILLION)):
            rows = points[mask]
            axis.vlines(rows["seconds"], rows["low"], rows["high"], color=color, linewidth=0.8, alpha=0.7, zorder=2)
            axis.plot(rows["seconds"], rows["mean"], marker, markersize=4, color=color, zorder=3)
        for end, marker, rows in (
            (low, "v", points[points["low"] < low]), (high, "^", points[points["high"] > high])
        ):  # fmt: skip
            axis.plot(rows["seconds"], np.full(len(rows), end), marker, color=BLUE, markersize=3.5, clip_on=False)
        times = points["seconds"]
        axis.set_xscale("log")
        axis.set(xlim=(times.min() / 1.25, times.max() * 1.25), ylim=(low, high))
        narrow = not times.max() > 4 * times.min()
        axis.xaxis.set_major_locator(MaxNLocator(5) if narrow else LogLocator(10, (1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set(xlabel="Median time per run (s, log scale)", ylabel=shown.header)
        named = dominant(points, shown.metric.sign)
        points = points.loc[[*named, *(name for name in points.index if name not in named)]]
        texts = [wrap_label(drawable(labels[name]), 24) for name in points.index]
        if len(points) > NAMED:
            texts = [text if name in named else "" for name, text in zip(points.index, texts, strict=True)]
        bars = [Bbox.from_extents(row.seconds, row.low, row.seconds, row.high) for row in points.itertuples()]
        label_points(axis, list(zip(points["seconds"], points["mean"], strict=True)), texts, bars)
    return figure


def costs(runs: pd.DataFrame, shown: MetricFormat) -> pd.DataFrame:
    """Median seconds, mean and 95 % t-interval (low, high: the mean itself for one run) of each variant with a time."""
    from scipy.special import stdtrit

    timed = runs[runs["status"] == "completed"].dropna(subset=["seconds", shown.metric.name])
    groups = timed.groupby("variant", sort=False)
    values, scale = groups[shown.metric.name], shown.metric.scale
    n = values.count()
    half_width = (scale * stdtrit((n - 1).clip(lower=1), 0.975) * values.sem()).where(n > 1, 0)
    mean = scale * values.mean()
    return pd.DataFrame(
        {"seconds": groups["seconds"].median(), "mean": mean, "low": mean - half_width, "high": mean + half_width}
    )


def ends(points: pd.DataFrame) -> tuple[float, float]:
    """The ends of the axis of the metric."""
    return interval_limits.limits(*(points[name].to_numpy(float) for name in ("mean", "low", "high", "mean")))


def dominant(points: pd.DataFrame, sign: int) -> list[str]:
    """The baseline, and each variant that no other one surpasses in both time and metric."""
    order = points.assign(mean=-sign * points["mean"]).sort_values(["seconds", "mean"], kind="stable")
    best = order["mean"].cummin()
    front = [
        name for name, first in zip(order.index, order["mean"] < best.shift(fill_value=np.inf), strict=True) if first
    ]
    return [*dict.fromkeys([*(name for name in [collect.BASELINE] if name in points.index), *front])]
