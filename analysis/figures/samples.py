"""Training images as the network sees them: after augmentation, before scaling."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from analysis.figures.style import STYLE, WIDTH, broken

COLUMNS = 8


def samples(images: Mapping[str, np.ndarray]) -> Figure:
    """A row of images for each label: uint8 (n, C, H, W), of one channel or three; the first `COLUMNS` are shown."""
    with matplotlib.rc_context(STYLE):
        size = WIDTH / (COLUMNS + 1.5)
        figure = Figure(figsize=(WIDTH, 0.1 + (size + 0.05) * len(images)), layout="constrained")
        panels = figure.subplots(len(images), COLUMNS, squeeze=False)
        for row, (label, shown) in zip(panels, images.items(), strict=True):
            for axis in row:
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
            for axis, image in zip(row, shown, strict=False):
                pixels = image.transpose(1, 2, 0)
                axis.imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], cmap="gray", vmin=0, vmax=255)
            row[0].set_ylabel(broken(label, 22), rotation=0, ha="right", va="center", fontsize=7)
    return figure
