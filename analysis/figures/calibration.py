"""Figures of a tested run: its calibration and its most confident errors."""

import math
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ablate.analysis.figures.style import BLUE, GRAY, STYLE, VERMILLION, WIDTH, wrap_label
from ablate.runs.test_result import Mistake

COLUMNS = 5


def calibration(reliability: Sequence[Sequence[float]], error: float) -> Figure:
    """Draw a reliability diagram: accuracy against confidence, and a histogram of the confidence below it.

    Args:
        reliability: One row per bin of equal width on [0, 1]: number of images, sum of their confidences, number of
            correct predictions.
        error: Expected calibration error, as a fraction.

    Source: Guo et al., "On Calibration of Modern Neural Networks" (2017).
    """
    images, confidence, correct = np.asarray(reliability, dtype=float).reshape(-1, 3).T
    edges = np.linspace(0, 1, len(images) + 1)
    filled = images > 0
    width, left = edges[1], edges[:-1][filled]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, WIDTH / 2 + 1.1), layout="constrained")
        diagram, histogram = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        accuracy, mean = correct[filled] / images[filled], confidence[filled] / images[filled]
        diagram.bar(left, accuracy, width, align="edge", color=BLUE, edgecolor="white", label="accuracy")
        diagram.plot(mean, accuracy, "o", color="black", label="mean confidence of a bin")
        diagram.plot([0, 1], [0, 1], "--", color=GRAY, label="perfect calibration")
        diagram.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="Accuracy")
        diagram.set_title(f"Expected calibration error {100 * error:.1f} points")
        figure.legend(loc="outside upper center", ncols=2, frameon=False)  # inside the axes it would cover bars
        histogram.bar(left, images[filled], width, align="edge", color=GRAY, edgecolor="white")
        histogram.set(xlabel="Confidence (probability of the predicted class)", ylabel="Images")
    return figure


def mistakes(images: np.ndarray, errors: Sequence[Mistake], classes: Sequence[str]) -> Figure:
    """Draw misclassified images, each with its true class, its predicted class and the confidence.

    Args:
        images: Misclassified images, uint8 (n, C, H, W), with one channel (gray) or three (RGB).
        errors: `label` and `predicted` (class indices) and `confidence` (fraction) of each image.
        classes: Names of the classes.
    """
    rows = max(1, math.ceil(len(images) / COLUMNS))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.3 + 1.75 * rows), layout="constrained")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, image, mistake in zip(axes, images, errors, strict=False):
            pixels = image.transpose(1, 2, 0)
            axis.imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], cmap="gray", vmin=0, vmax=255)
            prediction = wrap_label(f"→ {classes[mistake.predicted]}, {100 * mistake.confidence:.1f} %", 26)
            pad = 12 + 8.5 * prediction.count("\n")  # points: the title is above the prediction
            axis.set_title(wrap_label(classes[mistake.label], 24), fontsize=7, pad=pad)
            axis.text(0.5, 1.02, prediction, transform=axis.transAxes, ha="center", va="bottom",
                      fontsize=7, color=VERMILLION)  # fmt: skip
        figure.suptitle(
            "Most confident errors: true class → predicted class, confidence" if len(images) else "No errors"
        )
    return figure
