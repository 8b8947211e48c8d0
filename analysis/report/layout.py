"""Fit the report to two pages: how many rows of the table, which figures, and their order."""

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from ablate.analysis.author.to_typst import string
from ablate.analysis.figures import CAPTIONS

PAGES = 2
# In the order in which they are shown. A wide figure has a row of its own, two narrow ones share a row.
CURVES = ("loss_curves", "accuracy_curves")
FURTHER = ("stages", "budgets", "blocks", "ranks", "path", "interactions", "factor_effects", "attribution",
           "variance_shares", "cost", "class_difference", "confusion", "samples")  # fmt: skip
# By importance: if the pages are full, figures are dropped from the end. report.html has all of them.
FIGURES = ("effects", "blocks", "stages", "budgets", "loss_curves", "ranks", "path", "interactions", "factor_effects",
           "attribution", "variance_shares", "cost", "accuracy_curves", "class_difference", "confusion",
           "samples")  # fmt: skip
KEPT = ("effects", "loss_curves")  # figures that are dropped only after the table is shortened
ROWS = (14, 8, 4)  # variants in the table
WIDE, HALF = 17.4, 9.0  # cm: width of the text, and largest width of a figure that shares a row


class Layout(NamedTuple):
    """The number of variants in the table, the names of the figures, and which figures precede the narrow ones.

    `narrow_first` is 0 if the forest plot and the curves precede them, 1 if the forest plot does, 2 if none does.
    """

    rows: int
    figures: tuple[str, ...]
    narrow_first: int


def layouts(available: Collection[str]) -> Iterator[Layout]:
    """All layouts of the figures that a study has, the most complete one first."""
    known = [name for name in FIGURES if name in available]
    kept, others = [name for name in known if name in KEPT], [name for name in known if name not in KEPT]
    sizes = [
        (ROWS[0], [name for name in known if name in (*kept, *others[:count])]) for count in range(len(others), 0, -1)
    ]
    sizes += [(rows, kept) for rows in ROWS]
    sizes += [(ROWS[-1], kept[:count]) for count in range(len(kept) - 1, -1, -1)]
    for rows, names in sizes:
        yield Layout(rows, tuple(names), 0)
        if any(name in CURVES for name in names) and any(name in FURTHER for name in names):
            yield Layout(rows, tuple(names), 1)
            yield Layout(rows, tuple(names), 2)


def fitting(available: Collection[str], pages: Callable[[Layout], int]) -> tuple[Layout, int]:
    """The first layout that fits, else the last; and its number of pages.

    Args:
        available: names of the figures that the study has.
        pages: the number of pages of a layout.
    """
    for layout in layouts(available):
        count = pages(layout)
        if count <= PAGES:
            break
    return layout, count


def figures(layout: Layout, folder: Path) -> list[str]:
    """Typst source of the figures at their original size, in reading order.

    Args:
        layout: which figures, and in which order.
        folder: the report, with the figures as SVG.
    """
    effects, curves, further = (
        [_figure(name, folder) for name in names if name in layout.figures] for names in (("effects",), CURVES, FURTHER)
    )
    narrow = [figure for figure in further if figure[1] <= HALF]
    wide = [figure for figure in further if figure[1] > HALF]
    order = [effects, curves]
    order.insert(2 - layout.narrow_first, narrow)
    return [row for group in (*order, wide) for row in _rows(group)]


def _rows(group: list[tuple[str, float]]) -> Iterator[str]:
    """Wide figures alone, narrow ones in pairs."""
    for source, _ in (figure for figure in group if figure[1] > HALF):
        yield f"#{source}"
    narrow = [source for source, width in group if width <= HALF]
    for first in range(0, len(narrow), 2):
        yield f"#grid(columns: (1fr, 1fr), gutter: 8pt, {', '.join(narrow[first : first + 2])})"


def _figure(name: str, folder: Path) -> tuple[str, float]:
    """A figure with its caption, and its width in cm."""
    path = f"figures/{name}.svg"
    match = re.search(r'<svg[^>]* width="([0-9.]+)pt"', (folder / path).read_text(), re.S)
    assert match is not None  # Matplotlib always writes the width
    width = min(float(match[1]) / 72 * 2.54, WIDE)
    return f'figure(image("{path}", width: {width:.2f}cm), caption: {string(CAPTIONS[name])})', width
