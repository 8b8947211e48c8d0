"""Class by class: differences to the baseline, and confusion matrices."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis.figures.style import BLUE, STYLE, VERMILLION, WIDTH

WRITTEN = 12  # classes up to which a matrix has its numbers written in


def class_difference(table: pd.DataFrame, variant: str, label: str) -> Figure:
    """Bars of a variant's difference to the baseline on each class, from `predictions.class_differences`."""
    values = table.loc[variant].sort_values(kind="stable")
    if len(values) > 30:  # the most and the least changed
        values = pd.concat([values.iloc[:15], values.iloc[-15:]])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, 0.9 + 0.16 * len(values)), layout="constrained")
        axis = figure.subplots()
        colours = [BLUE if value >= 0 else VERMILLION for value in values]
        axis.barh(range(len(values)), values, color=colours, height=0.7)
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_yticks(range(len(values)), values.index, parse_math=False)
        axis.set_xlabel("Difference to the baseline (points)")
        axis.set_title(textwrap.fill(label, 50))
    return figure


def confusion(classes: Sequence[str], matrices: Mapping[str, np.ndarray]) -> Figure:
    """Matrices (classes, classes) by their labels: of a row's class, the share (fraction) taken for each column's."""
    k = len(classes)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.9 + WIDTH / 2 / len(matrices) * 1.6), layout="constrained")
        axes = figure.subplots(1, len(matrices), squeeze=False)[0]
        for axis, (label, matrix) in zip(axes, matrices.items(), strict=True):
            shares = 100 * matrix
            image = axis.imshow(shares, cmap="Greys", vmin=0, vmax=100)
            if k <= WRITTEN:
                for row, column in np.argwhere(shares >= 0.5):
                    colour = "white" if shares[row, column] > 55 else "black"
                    axis.text(
                        column, row, f"{shares[row, column]:.0f}", ha="center", va="center", fontsize=6, color=colour
                    )
            if k <= 30:
                axis.set_xticks(range(k), classes, rotation=90, parse_math=False)
                axis.set_yticks(range(k), classes, parse_math=False)
            axis.set(title=textwrap.fill(label, 50), xlabel="Taken for")
            axis.spines[:].set_visible(False)
            axis.tick_params(length=0)
        axes[0].set_ylabel("Class")
        figure.colorbar(image, ax=list(axes), label="% of the class", shrink=0.7)
    return figure
