"""A tested run: how far its confidence can be trusted, and what it is most sure of and wrong."""

import math
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ablate.analysis.figures.style import BLUE, GREY, STYLE, VERMILLION, WIDTH, broken
from ablate.runs.test_result import Mistake

COLUMNS = 5


def calibration(reliability: Sequence[Sequence[float]], error: float) -> Figure:
    """The reliability diagram of Guo et al. (2017), from rows (images, sum of confidences, right) of equal-width bins.

    Above it the accuracy of each bin against its confidence, below it how many images it has.
    """
    images, confidence, right = np.asarray(reliability, dtype=float).reshape(-1, 3).T
    edges = np.linspace(0, 1, len(images) + 1)
    there = images > 0
    width, left = edges[1], edges[:-1][there]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, WIDTH / 2 + 1.1), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        accuracy, mean = right[there] / images[there], confidence[there] / images[there]
        above.bar(left, accuracy, width, align="edge", color=BLUE, edgecolor="white", label="accuracy")
        above.plot(mean, accuracy, "o", color="black", label="at the mean confidence")
        above.plot([0, 1], [0, 1], "--", color=GREY, label="calibrated")
        above.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="Accuracy")
        above.set_title(f"Expected calibration error {100 * error:.1f} points")
        figure.legend(loc="outside upper center", ncols=2, frameon=False)  # where it hides no bar
        below.bar(left, images[there], width, align="edge", color=GREY, edgecolor="white")
        below.set(xlabel="Confidence: probability of the class named", ylabel="Images")
    return figure


def mistakes(images: np.ndarray, found: Sequence[Mistake], classes: Sequence[str]) -> Figure:
    """A grid of images, uint8 (n, C, H, W), each with the class it is of, the one it was taken for, and how surely."""
    rows = max(1, math.ceil(len(images) / COLUMNS))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.3 + 1.75 * rows), layout="constrained")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, image, mistake in zip(axes, images, found, strict=False):
            pixels = image.transpose(1, 2, 0)
            axis.imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], cmap="gray", vmin=0, vmax=255)
            taken = f"for {classes[mistake.predicted]}, {100 * mistake.confidence:.1f} %"
            axis.set_title(broken(classes[mistake.label], 24), fontsize=7, pad=12, parse_math=False)
            axis.text(0.5, 1.02, broken(taken, 26), transform=axis.transAxes, ha="center", va="bottom", fontsize=7,
                      color=VERMILLION, parse_math=False)  # fmt: skip
        figure.suptitle(
            "The surest mistakes: class, what it was taken for, confidence" if len(images) else "There is no mistake."
        )
    return figure
