"""The steps of an ablation path, from the baseline to all changes."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis.figures.style import BLUE, GRAY, STYLE, WIDTH, wrap_label
from ablate.analysis.metric_format import PERCENT, MetricFormat


def path(table: pd.DataFrame, shown: MetricFormat = PERCENT) -> Figure:
    """Means of the variants of a path from top to bottom, with the 95 % interval of each step around its end.

    Args:
        table: of `ablation_path`.
        shown: how the metric is printed.
    """
    scale, rows = shown.metric.scale, list(table.itertuples())
    labels = [wrap_label(f"+ {row.change}" if row.change else "baseline", 30) for row in rows]
    means = scale * table["mean"].to_numpy(float)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, 0.9 + 0.26 * len(rows)), layout="constrained")
        axis = figure.subplots()
        axis.axvline(means[0], color=GRAY, linewidth=0.6, linestyle=":", label="_baseline")
        for place, row in enumerate(rows[1:], 1):
            axis.plot([means[place - 1]] * 2, [place - 1, place], color=GRAY, linewidth=0.6, label="_before")
            axis.barh(place, row.step, 0.35, left=means[place] - row.step, color=BLUE, zorder=1)
            before = means[place] - row.step
            axis.plot(
                [before + row.low, before + row.high], [place] * 2, color="black", linewidth=0.8, label="_interval"
            )
        axis.plot(means, range(len(rows)), "o", color="black", markersize=3.5, zorder=3, label="_mean")
        for place, (mean, row) in enumerate(zip(means, rows, strict=True)):
            if place and np.isfinite(mean):
                axis.annotate(shown.change(row.step), (mean, place), (0, 6),
                              textcoords="offset points", ha="center", va="bottom", fontsize=7)  # fmt: skip
        axis.margins(x=0.2)
        axis.set_yticks(range(len(rows)), labels)
        axis.set_ylim(len(rows) - 0.4, -0.6)
        axis.set_xlabel(shown.header)
    return figure
