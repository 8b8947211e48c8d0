"""A formula in LaTeX -> SVG, by Matplotlib's mathtext, which needs no LaTeX and no network."""

import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

LONGEST = 500  # characters
WIDEST = 60.0  # em
BARE_ROOT = re.compile(r"\\sqrt\s*(\\[A-Za-z]+|[A-Za-z0-9])")  # mathtext needs braces
SIZE = 100.0  # font size at which the outlines are computed
LETTERS = {int(Path.MOVETO): "M", int(Path.LINETO): "L", int(Path.CURVE3): "Q", int(Path.CURVE4): "C"}
POINTS = {"M": 1, "L": 1, "Q": 2, "C": 3}


@dataclass(frozen=True)
class Formula:
    """The outlines of a formula as SVG, black; its width, height and depth below the baseline in em."""

    svg: str
    width: float
    height: float
    depth: float

    @property
    def name(self) -> str:
        """A file name that is unique to the formula."""
        return f"{sha256(self.svg.encode()).hexdigest()[:16]}.svg"


@lru_cache(256)
def formula(latex: str) -> Formula | None:
    """Draw a formula.

    Args:
        latex: without dollar signs, in the part of LaTeX that mathtext supports.

    Returns:
        The formula; None if it is too long or mathtext does not support it.
    """
    text = BARE_ROOT.sub(r"\\sqrt{\1}", " ".join(latex.split()))
    if len(text) > LONGEST or not text.isprintable() or "$" in text.replace(r"\$", ""):
        return None
    font = FontProperties(size=SIZE, math_fontfamily="stix")
    missing = _MissingGlyphs()
    logger = logging.getLogger("matplotlib.mathtext")
    logger.addFilter(missing)
    try:
        width, height, depth = text_to_path.get_text_width_height_descent(f"${text}$", font, ismath=True)
        vertices, codes = text_to_path.get_text_path(font, f"${text}$", ismath=True)
    except (ValueError, RecursionError):
        return None
    finally:
        logger.removeFilter(missing)
    if missing.any or not 0 < width < WIDEST * SIZE or not 0 < height < WIDEST * SIZE:
        return None
    width, height, depth = float(width), float(height), float(depth)
    outline = _outline(np.asarray(vertices), np.asarray(codes))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.1f}" height="{height:.1f}"'
        f' viewBox="0 {depth - height:.1f} {width:.1f} {height:.1f}"><path d="{outline}"/></svg>'
    )
    return Formula(svg, width / SIZE, height / SIZE, depth / SIZE)


class _MissingGlyphs(logging.Filter):
    """Suppress mathtext's warnings about characters that its fonts lack, and note that there was one."""

    any = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Suppress the record."""
        self.any = True
        return False


def _outline(vertices: np.ndarray, codes: np.ndarray) -> str:
    """The `d` of an SVG path, with y downwards, of vertices (n, 2) and Matplotlib's codes (n,)."""
    parts, remaining = [], 0
    for (x, y), code in zip(vertices.tolist(), codes.tolist(), strict=True):
        if code == Path.CLOSEPOLY:
            parts.append("Z")
            continue
        if not remaining:
            parts.append(LETTERS[code])
            remaining = POINTS[LETTERS[code]]
        parts.append(f"{x:.1f} {-y:.1f}")
        remaining -= 1
    return " ".join(parts)
