"""Rows of labeled images, such as training images after augmentation."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.figures.style import STYLE, WIDTH, wrap_label

COLUMNS = 8
GAP, LINE = 0.08, 0.17  # between images, and height of a line of text, in image widths
TITLE = 15  # characters per line of a title
CHARACTER = 0.065  # inches per character of a label


def samples(images: Mapping[str, np.ndarray], titles: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Figure:
    """Draw rows of images, each with a label on its left.

    Args:
        images: {label: uint8 (n, C, H, W)}, with one channel (gray) or three (RGB). The first `COLUMNS` are drawn.
        titles: {label: one title per image}, drawn above the images of a row.
    """
    labels = [wrap_label(label, 22) for label in images]
    with matplotlib.rc_context(STYLE):
        figure = Figure()
        figure.suppressComposite = True  # compositing all images into one takes four times as long
        axis = figure.add_axes((0, 0, 1, 1))
        top, middles = GAP, []
        for label, row in images.items():
            row_titles = [_title(text) for text in titles.get(label, ())[:COLUMNS]]
            top += LINE * max((text.count("\n") + 1 for text in row_titles), default=0)
            _draw_row(axis, top, row[:COLUMNS], row_titles)
            middles.append(top + 0.5)
            top += 1 + GAP
        axis.set(xlim=(0, COLUMNS * (1 + GAP)), ylim=(top, 0), xticks=[])
        axis.set_yticks(middles, labels)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        # Matplotlib's layout engines clip long labels if the aspect ratio is fixed.
        margin = 0.1 + CHARACTER * max(len(line) for label in labels for line in label.split("\n"))
        figure.set_size_inches(WIDTH, (WIDTH - margin) * top / (COLUMNS * (1 + GAP)))
        axis.set_position((margin / WIDTH, 0, 1 - margin / WIDTH, 1))
    return figure


def _draw_row(axis: Axes, top: float, images: np.ndarray, titles: Sequence[str]) -> None:
    """Draw one row of images (n, C, H, W) and their titles. The unit of the axes is the width of an image."""
    for column, image in enumerate(images):
        left, pixels = column * (1 + GAP), image.transpose(1, 2, 0)
        pixels = pixels if pixels.shape[2] == 3 else pixels[..., 0]
        axis.imshow(pixels, extent=(left, left + 1, top + 1, top), cmap="gray", vmin=0, vmax=255)
    for column, text in enumerate(titles):
        axis.text(column * (1 + GAP) + 0.5, top - GAP / 2, text, ha="center", va="bottom", fontsize=5.5,
                  linespacing=1)  # fmt: skip


def _title(text: str) -> str:
    """Truncate each line to `TITLE` characters."""
    return "\n".join(line if len(line) <= TITLE else f"{line[: TITLE - 1]}…" for line in text.split("\n"))
