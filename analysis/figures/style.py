"""Colors and sizes of all figures, and their output files.

`STYLE` applies when a figure is drawn and when it is rendered.
"""

import io
import re
import textwrap
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# The palette of Okabe & Ito (2008), which is safe for color-blind readers.
BLUE, ORANGE, GREEN, VERMILLION, GRAY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
WIDTH = 7.0  # inches
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
}


def wrap_label(label: str, width: int) -> str:
    """Wrap a variant's label to lines of at most `width` characters.

    Breaks after the comma between two changes, and after the `=` of a change that is too long for a line.
    """
    parts = [label] if len(label) <= width else re.split(r"(?<=,) ?", label)
    parts = [piece for part in parts for piece in ([part] if len(part) <= width else re.split(r"(?<==)", part))]
    return "\n".join(textwrap.fill(part, width, break_on_hyphens=False) for part in parts)


def render(figure: Figure) -> dict[str, bytes]:
    """Render a figure as PDF, PNG and SVG.

    Returns:
        {"pdf": bytes, "png": bytes, "svg": bytes}, without creation dates: equal figures give equal bytes.
    """
    undated = {"pdf": {"CreationDate": None}, "png": None, "svg": {"Date": None}}
    files = {}
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+")  # a character that the font lacks is drawn as a box
        figure.draw_without_rendering()
        figure.set_layout_engine(None)  # keeps the layout; otherwise it is computed again for each format
        for suffix, metadata in undated.items():
            content = io.BytesIO()
            figure.savefig(content, format=suffix, dpi=200, metadata=metadata)
            files[suffix] = content.getvalue()
    return files
