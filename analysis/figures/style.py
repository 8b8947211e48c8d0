"""Colors and sizes of all figures, and their output files.

`STYLE` applies when a figure is drawn and when it is rendered.
"""

import io
import re
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text

from ablate.terminal.text import printable, shortened

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# The palette of Okabe & Ito (2008), which is safe for color-blind readers.
BLUE, ORANGE, GREEN, VERMILLION, GRAY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
WIDTH = 7.0  # inches: both columns of a page
COLUMN = 3.36  # inches: one column
LONGEST = 300  # characters of a label
STYLE: "dict[RcKeyType, Any]" = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.markersize": 3,
    "pdf.fonttype": 42,
    "svg.hashsalt": "ablate",
    "text.usetex": False,  # a matplotlibrc in the current folder could start LaTeX
    "text.parse_math": False,  # a name with two dollar signs is not a formula
}


def wrap_label(label: str, width: int) -> str:
    """Wrap a variant's label to lines of at most `width` characters.

    Breaks after the comma between two changes, then after the `=` of a change that is too long for a line, then after
    the characters `_.-/+` and spaces of a name.
    """
    parts = [label] if len(label) <= width else re.split(r"(?<=,) ?", label)
    parts = [piece for part in parts for piece in ([part] if len(part) <= width else re.split(r"(?<==)", part))]
    return "\n".join(line for part in parts for line in _lines(part, width))


def _lines(name: str, width: int) -> list[str]:
    """Lines of a name, which is broken inside a word only where that is longer than a line."""
    words = re.split(r"(?<=[_.\-/+ ])", name)
    pieces = [word[start : start + width] for word in words for start in range(0, len(word), width)]
    lines = [""]
    for piece in pieces:
        if len(lines[-1]) + len(piece) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines]


def drawable(text: str) -> str:
    r"""A label that fonts and file formats can show: other characters are escaped, as in `\x1b` or `\u732b`."""
    glyphs = _glyphs()
    lines = (printable(line) for line in shortened(text, LONGEST).split("\n"))
    return "\n".join(
        "".join(char if ord(char) in glyphs else char.encode("unicode_escape").decode() for char in line)
        for line in lines
    )


@cache
def _glyphs() -> frozenset[int]:
    """The characters that the font of the figures has."""
    with matplotlib.rc_context(STYLE):
        return frozenset(get_font(findfont(FontProperties())).get_charmap())


def make_drawable(figure: Figure) -> None:
    """Apply `drawable` to all text of a figure, and to the labels that its ticks get when they are drawn."""
    for text in figure.findobj(Text):
        text.set_text(drawable(text.get_text()))
    for formatter in [axis.get_major_formatter() for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]:
        setattr(formatter, "format_ticks", partial(_drawable_ticks, formatter.format_ticks))  # noqa: B010


def _drawable_ticks(format_ticks: Callable[[Any], list[str]], values: Any) -> list[str]:
    return [drawable(label) for label in format_ticks(values)]


def render(figure: Figure) -> dict[str, bytes]:
    """Render a figure as PDF, PNG and SVG.

    Returns:
        {"pdf": bytes, "png": bytes, "svg": bytes}, without creation dates: equal figures give equal bytes.
    """
    make_drawable(figure)
    undated = {"pdf": {"CreationDate": None}, "png": None, "svg": {"Date": None}}
    files = {}
    with matplotlib.rc_context(STYLE):
        figure.draw_without_rendering()
        figure.set_layout_engine(None)  # keeps the layout; otherwise it is computed again for each format
        for suffix, metadata in undated.items():
            content = io.BytesIO()
            figure.savefig(content, format=suffix, dpi=200, metadata=metadata)
            files[suffix] = content.getvalue()
    return files
