"""The metric against training time."""

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from ablate.analysis import collect
from ablate.analysis.figures.style import BLUE, GRAY, STYLE, VERMILLION, WIDTH, wrap_label
from ablate.analysis.metric_format import PERCENT, MetricFormat

NAMED = 12  # labeled points; of more variants, only the best and the baseline are labeled


def cost(runs: pd.DataFrame, shown: MetricFormat = PERCENT) -> Figure:
    """Draw one point per variant: the mean of the metric with a 95 % t-interval against median run time (log scale).

    Args:
        runs: The frame of `collect.collect`; completed runs are drawn.
        shown: how the metric is printed.
    """
    groups = runs[runs["status"] == "completed"].dropna(subset="seconds").groupby("variant", sort=False)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, max(2.6, 0.6 + 0.22 * min(len(groups), NAMED))), layout="constrained")
        axis = figure.subplots()
        times = groups["seconds"].median()
        values, scale = groups[shown.metric.name], shown.metric.scale
        means, half_width = scale * values.mean(), scale * _half_width(values.sem(), values.count())
        is_baseline = times.index == collect.BASELINE
        for marker, mask, color in (("o", ~is_baseline, BLUE), ("s", is_baseline, VERMILLION)):
            axis.errorbar(
                times[mask], means[mask], half_width[mask], fmt=marker, markersize=4, linewidth=0.9, color=color,
                zorder=3 if marker == "s" else 2,
            )  # fmt: skip
        _label_points(axis, times, means, collect.labels(runs), shown.metric.sign)
        axis.set_xscale("log")
        narrow = not times.max() > 4 * times.min()
        axis.xaxis.set_major_locator(MaxNLocator(5) if narrow else LogLocator(10, (1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.margins(x=0.12, y=0.12)
        axis.set(xlabel="Median time per run (s, log scale)", ylabel=shown.header)
    return figure


def _half_width(standard_error: pd.Series, n: pd.Series) -> pd.Series:
    """Half the width of a 95 % t-interval; 0 for a single run."""
    from scipy.special import stdtrit

    return (stdtrit(n - 1, 0.975) * standard_error).where(n > 1, 0)


def _label_points(axis: Axes, times: pd.Series, means: pd.Series, labels: dict[str, str], sign: int) -> None:
    """Label points in a column on the right, ordered by their mean, so that the labels cannot overlap."""
    few = len(times) <= NAMED
    named = means if few else means[means.index.isin((collect.BASELINE, (sign * means).idxmax()))]
    for position, variant in enumerate(named.sort_values(kind="stable").index):
        axis.annotate(
            wrap_label(labels[variant], 22), (times[variant], means[variant]),
            (1.04, (position + 0.5) / len(named)), textcoords="axes fraction", va="center", fontsize=7,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": GRAY, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
