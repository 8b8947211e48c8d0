"""Accuracy against training time."""

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from ablate.analysis import collect
from ablate.analysis.figures.style import BLUE, GRAY, STYLE, VERMILLION, WIDTH, wrap_label

NAMED = 12  # labeled points; of more variants, only the best and the baseline are labeled


def cost(runs: pd.DataFrame) -> Figure:
    """Draw one point per variant: mean accuracy with a 95 % t-interval against median run time (log scale).

    Args:
        runs: The frame of `collect.collect`; completed runs are drawn.
    """
    groups = runs[runs["status"] == "completed"].dropna(subset="seconds").groupby("variant", sort=False)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, max(2.6, 0.6 + 0.22 * min(len(groups), NAMED))), layout="constrained")
        axis = figure.subplots()
        times = groups["seconds"].median()
        accuracy = 100 * groups["val_accuracy"].mean()
        half_width = _half_width(groups["val_accuracy"].sem(), groups["val_accuracy"].count())
        is_baseline = times.index == collect.BASELINE
        for marker, mask, color in (("o", ~is_baseline, BLUE), ("s", is_baseline, VERMILLION)):
            axis.errorbar(
                times[mask], accuracy[mask], half_width[mask], fmt=marker, markersize=4, linewidth=0.9, color=color,
                zorder=3 if marker == "s" else 2,
            )  # fmt: skip
        _label_points(axis, times, accuracy, collect.labels(runs))
        axis.set_xscale("log")
        narrow = not times.max() > 4 * times.min()
        axis.xaxis.set_major_locator(MaxNLocator(5) if narrow else LogLocator(10, (1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.margins(x=0.12, y=0.12)
        axis.set(xlabel="Median time per run (s, log scale)", ylabel="Validation accuracy (%)")
    return figure


def _half_width(standard_error: pd.Series, n: pd.Series) -> pd.Series:
    """Half the width of a 95 % t-interval, in percentage points; 0 for a single run."""
    from scipy.special import stdtrit

    return (100 * stdtrit(n - 1, 0.975) * standard_error).where(n > 1, 0)


def _label_points(axis: Axes, times: pd.Series, accuracy: pd.Series, labels: dict[str, str]) -> None:
    """Label points in a column on the right, ordered by accuracy, so that the labels cannot overlap."""
    few = len(times) <= NAMED
    named = accuracy if few else accuracy[accuracy.index.isin((collect.BASELINE, accuracy.idxmax()))]
    for position, variant in enumerate(named.sort_values(kind="stable").index):
        axis.annotate(
            wrap_label(labels[variant], 22), (times[variant], accuracy[variant]),
            (1.04, (position + 0.5) / len(named)), textcoords="axes fraction", va="center", fontsize=7,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": GRAY, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
