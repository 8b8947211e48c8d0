"""The path of each variant of a study with stages."""

import math
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis import verdict
from ablate.analysis.figures.style import BLUE, COLUMN, GRAY, GREEN, STYLE, VERMILLION, wrap_label
from ablate.analysis.metric_format import PERCENT, MetricFormat

MOST, COLUMNS = 12, 3  # variants, and panels in a row
COLORS = {verdict.BETTER: GREEN, verdict.BETTER_WITHIN: GREEN, verdict.WORSE: VERMILLION,
          verdict.WORSE_WITHIN: VERMILLION, verdict.EQUIVALENT: BLUE}  # fmt: skip


def paths(
    frame: pd.DataFrame,
    planned: Sequence[int],
    verdicts: Mapping[str, str],
    labels: Mapping[str, str],
    shown: MetricFormat = PERCENT,
) -> Figure:
    """Draw a panel per variant: its difference after each look, with repeated 95 % confidence intervals.

    Args:
        frame: of `stage_paths`.
        planned: number of seeds at each planned look.
        verdicts: {variant: verdict}, in the order of the panels.
        labels: {variant: label}.
        shown: how the metric is printed.
    """
    names = [name for name in verdicts if name in set(frame["variant"])][:MOST]
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 0.5 + 1.05 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for axis, name in zip(axes.flat, names, strict=False):
            path = frame[frame["variant"] == name]
            mean = path["difference"].to_numpy(float)
            bars = np.array([mean - path["ci_low"].to_numpy(float), path["ci_high"].to_numpy(float) - mean])
            color = COLORS.get(verdicts[name], GRAY)
            axis.errorbar(path["look"], mean, np.nan_to_num(bars), fmt="o-", linewidth=0.9, markersize=3, color=color)
            axis.axhline(0, color=GRAY, linewidth=0.7)
            if shown.metric.margin is not None:
                axis.axhspan(-shown.metric.margin, shown.metric.margin, color=GRAY, alpha=0.15, linewidth=0)
            axis.set_title(f"{wrap_label(labels[name], 14)}\n{verdicts[name]}", fontsize=6.5)
            axis.set_xticks(range(1, len(planned) + 1), list(map(str, planned)))
            axis.set_xlim(0.6, len(planned) + 0.4)
        for axis in axes.flat[len(names) :]:
            axis.set_visible(False)
        figure.supxlabel("seeds at the look", fontsize=8)
        figure.supylabel(shown.difference_header, fontsize=8)
    return figure
