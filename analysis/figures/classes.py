"""Per-class figures: differences from the baseline, and confusion matrices."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.figures.style import BLUE, COLUMN, STYLE, VERMILLION, WIDTH

ANNOTATED = 12  # with at most this many classes, the cells of a confusion matrix have numbers
NAMED = 30  # with at most this many classes, the axes have the class names


def class_difference(table: pd.DataFrame, variant: str, label: str) -> Figure:
    """Draw bars of a variant's difference from the baseline on each class, in percentage points.

    Args:
        table: The frame of `image_correctness.class_differences`.
        variant: A row of the table.
        label: Title of the figure.
    """
    values = table.loc[variant].dropna().sort_values(kind="stable")
    if len(values) > NAMED:  # the largest decreases and increases
        values = pd.concat([values.iloc[: NAMED // 2], values.iloc[-NAMED // 2 :]])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 0.9 + 0.16 * len(values)), layout="constrained")
        axis = figure.subplots()
        colors = [BLUE if value >= 0 else VERMILLION for value in values]
        axis.barh(range(len(values)), values, color=colors, height=0.7)
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_yticks(range(len(values)), values.index)
        axis.set_xlabel("Difference from the baseline (points)")
        axis.set_title(textwrap.fill(label, 50))
    return figure


def confusion(classes: Sequence[str], matrices: Mapping[str, np.ndarray]) -> Figure:
    """Draw confusion matrices side by side, in percent of each true class.

    Args:
        classes: Names of the classes.
        matrices: {title: (classes, classes)}. Rows are true classes, columns predicted ones; a row holds fractions
            that sum to 1.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.9 + WIDTH / 2 / len(matrices) * 1.6), layout="constrained")
        axes = figure.subplots(1, len(matrices), squeeze=False)[0]
        for axis, (title, matrix) in zip(axes, matrices.items(), strict=True):
            image = axis.imshow(100 * matrix, cmap="Greys", vmin=0, vmax=100)
            if len(classes) <= ANNOTATED:
                _annotate(axis, 100 * matrix)
            if len(classes) <= NAMED:
                axis.set_xticks(range(len(classes)), classes, rotation=90)
                axis.set_yticks(range(len(classes)), classes)
            axis.set(title=textwrap.fill(title, 50), xlabel="Predicted class")
            axis.spines[:].set_visible(False)
            axis.tick_params(length=0)
        axes[0].set_ylabel("True class")
        figure.colorbar(image, ax=list(axes), label="% of the true class", shrink=0.7)
    return figure


def _annotate(axis: Axes, percent: np.ndarray) -> None:
    """Write the values of a matrix that do not round to zero into its cells."""
    for row, column in np.argwhere(percent >= 0.5):
        color = "white" if percent[row, column] > 55 else "black"
        axis.text(column, row, f"{percent[row, column]:.0f}", ha="center", va="center", fontsize=6, color=color)
