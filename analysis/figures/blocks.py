"""Several data sets or other blocks: differences within each, and a diagram of mean ranks."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ablate.analysis import collect
from ablate.analysis.blocks import Blocks
from ablate.analysis.figures.style import BLUE, COLUMN, GRAY, GREEN, ORANGE, STYLE, VERMILLION, wrap_label
from ablate.analysis.metric_format import PERCENT, MetricFormat
from ablate.analysis.stats import ranks

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
COLORS = (BLUE, ORANGE, GREEN, VERMILLION)
MOST = 20  # variants


def within_blocks(
    blocks: Blocks, pooled: Mapping[str, float], labels: Mapping[str, str], shown: MetricFormat = PERCENT
) -> Figure:
    """Draw the difference of each variant from the baseline in each block, and the mean over blocks.

    Args:
        blocks: the comparisons within blocks.
        pooled: {variant: difference over blocks}, in the order of the rows.
        labels: {variant: label}.
        shown: how the metric is printed.
    """
    variants = [name for name in pooled if name != collect.BASELINE][:MOST]
    height = len(variants) * (0.16 + 0.07 * len(blocks.levels))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 0.9 + 0.16 * -(-len(blocks.levels) // 2) + height), layout="constrained")
        axis = figure.subplots()
        rows = np.arange(len(variants))
        offsets = np.linspace(-0.32, 0.32, len(blocks.levels)) if len(blocks.levels) > 1 else [0.0]
        for place, (level, frame) in enumerate(blocks.effects.items()):
            of_variant = frame.set_index("variant").reindex(variants)
            mean = of_variant["difference"].to_numpy(float)
            bars = [mean - of_variant["ci_low"].to_numpy(float), of_variant["ci_high"].to_numpy(float) - mean]
            axis.errorbar(
                mean, rows + offsets[place], xerr=np.nan_to_num(bars), fmt=MARKERS[place % len(MARKERS)], linewidth=0.8,
                markersize=4, color=COLORS[place % len(COLORS)], label=f"{blocks.factor}={level}",
            )  # fmt: skip
        axis.vlines([pooled[name] for name in variants], rows - 0.42, rows + 0.42, color="black", linewidth=1.6,
                    label="mean over levels")  # fmt: skip
        axis.axvline(0, color=GRAY, linewidth=0.8)
        axis.set_yticks(rows, [wrap_label(labels[name], 18) for name in variants])
        axis.set_ylim(len(variants) - 0.4, -0.6)
        axis.set_xlabel(f"{shown.difference_header}, 95 % CI")
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def rank_diagram(blocks: Blocks, labels: Mapping[str, str]) -> Figure:
    """Draw the critical-difference diagram of Demsar (2006): mean ranks, with lines that join what may be equal.

    Args:
        blocks: the comparisons within blocks, with ranks.
        labels: {variant: label}.
    """
    mean_ranks = blocks.mean_ranks.sort_values(kind="stable")
    k, distance = len(mean_ranks), ranks.critical_difference(len(mean_ranks), len(blocks.levels))
    groups = ranks.cliques(mean_ranks.to_numpy(), distance)
    half = -(-k // 2)
    depth = 0.18 * (len(groups) + 1)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 0.9 + 0.2 * half + depth), layout="constrained")
        axis = figure.subplots()
        for place, (name, rank) in enumerate(mean_ranks.items()):
            left = place < half
            row = place if left else k - 1 - place
            y, edge = -(depth + 0.2 * (row + 1)), 1 - 0.05 * (k - 1) if left else k + 0.05 * (k - 1)
            axis.plot([rank, rank, edge], [0, y, y], color=GRAY, linewidth=0.7)
            axis.text(edge, y, f"{labels[str(name)]} ({rank:.2f})", ha="right" if left else "left", va="center")
        for place, group in enumerate(groups):
            y = -0.18 * (place + 0.7)
            axis.plot(
                mean_ranks.iloc[[group[0], group[-1]]], [y, y], color="black", linewidth=2.5, solid_capstyle="butt"
            )
        axis.plot([1, 1 + distance], [0.45, 0.45], color="black", linewidth=1.2, marker="|", markersize=6)
        axis.text(1 + distance / 2, 0.5, f"critical difference {distance:.2f}", ha="center", va="bottom")
        axis.plot([1, k], [0, 0], color="black", linewidth=0.8)
        for tick in range(1, k + 1):
            axis.plot([tick, tick], [0, 0.05], color="black", linewidth=0.8)
            axis.text(tick, 0.08, str(tick), ha="center", va="bottom", fontsize=7)
        axis.set_ylim(-(depth + 0.2 * (half + 0.5)), 0.8)
        axis.set_axis_off()
    return figure
