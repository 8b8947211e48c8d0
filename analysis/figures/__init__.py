"""Frames -> matplotlib figures for a page of 7 inches, readable in grey. None is written here, none is global.

`loss_curves` (curves.py) and the forest plot `effects` (forest.py); colours and sizes in style.py.
"""

from analysis.figures.curves import loss_curves, pages
from analysis.figures.forest import effects
from analysis.figures.style import STYLE

__all__ = ["STYLE", "effects", "loss_curves", "pages"]
