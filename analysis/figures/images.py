"""Training images as the network sees them: after augmentation, before scaling."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ablate.analysis.figures.style import STYLE, WIDTH, broken

COLUMNS = 8
GAP, LINE = 0.08, 0.17  # round an image, and of a line of text, in widths of an image
TITLE = 15  # characters of a title's line
CHARACTER = 0.065  # inches of a label's


def samples(images: Mapping[str, np.ndarray], titles: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Figure:
    """A row of images for each label: uint8 (n, C, H, W), of one channel or three; the first `COLUMNS` are shown.

    A row may have `titles`, which stand above its images.
    """
    labels = [broken(label, 22) for label in images]
    with matplotlib.rc_context(STYLE):
        figure = Figure()
        figure.suppressComposite = True  # to make one image of all takes four times as long
        axis = figure.add_axes((0, 0, 1, 1))
        top, middles = GAP, []
        for label, shown in images.items():
            above = [_title(text) for text in titles.get(label, ())[:COLUMNS]]
            top += LINE * max((text.count("\n") + 1 for text in above), default=0)
            for column, image in enumerate(shown[:COLUMNS]):
                left, pixels = column * (1 + GAP), image.transpose(1, 2, 0)
                pixels = pixels if pixels.shape[2] == 3 else pixels[..., 0]
                axis.imshow(pixels, extent=(left, left + 1, top + 1, top), cmap="gray", vmin=0, vmax=255)
            for column, text in enumerate(above):
                axis.text(column * (1 + GAP) + 0.5, top - GAP / 2, text, ha="center", va="bottom", fontsize=5.5,
                          linespacing=1, parse_math=False)  # fmt: skip
            middles.append(top + 0.5)
            top += 1 + GAP
        across = COLUMNS * (1 + GAP)
        axis.set(xlim=(0, across), ylim=(top, 0), xticks=[])
        axis.set_yticks(middles, labels, parse_math=False)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        # Laid out by hand: Matplotlib's engines let long labels be cut off where the aspect is fixed.
        margin = 0.1 + CHARACTER * max(len(line) for label in labels for line in label.split("\n"))
        figure.set_size_inches(WIDTH, (WIDTH - margin) * top / across)
        axis.set_position((margin / WIDTH, 0, 1 - margin / WIDTH, 1))
    return figure


def _title(text: str) -> str:
    """At most `TITLE` characters a line."""
    return "\n".join(line if len(line) <= TITLE else f"{line[: TITLE - 1]}…" for line in text.split("\n"))
