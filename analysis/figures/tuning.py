"""The best value of each variant against the number of settings that were tried."""

from collections.abc import Mapping

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablate.analysis.figures.style import BLUE, GRAY, GREEN, ORANGE, STYLE, VERMILLION, wrap_label
from ablate.analysis.metric_format import MetricFormat

LINES = [(color, mark) for mark in "os^D" for color in (BLUE, ORANGE, GREEN, VERMILLION, GRAY)]


def budgets(best: pd.DataFrame, labels: Mapping[str, str], shown: MetricFormat) -> Figure:
    """Draw the expected best value against the tuning budget, a line per variant.

    Args:
        best: frame of `Tuned.best`.
        labels: {variant: label}, of the variants to draw.
        shown: how the metric is printed.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.4, 2.4), layout="constrained")
        axis = figure.subplots()
        names = [name for name in labels if name in best]
        for (color, mark), name in zip(LINES, names, strict=False):
            values = shown.metric.scale * best[name]
            axis.plot(best.index, values, mark + "-", color=color, linewidth=0.9, label=wrap_label(labels[name], 26))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("settings tried")
        axis.set_ylabel(f"{shown.header}, expected best")
        axis.legend(frameon=False)
    return figure
