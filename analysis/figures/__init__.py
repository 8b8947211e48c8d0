"""Frames -> matplotlib figures for a page of 7 inches, readable in grey. None is written here, none is global.

`loss_curves` (curves.py), the forest plot `effects` (forest.py), `interactions` and `variance_shares` (factors.py),
`cost` (cost.py), `class_difference` and `confusion` (classes.py); colours and sizes in style.py.
"""

from analysis.figures.classes import class_difference, confusion
from analysis.figures.cost import cost
from analysis.figures.curves import loss_curves, pages
from analysis.figures.factors import interactions, variance_shares
from analysis.figures.forest import effects
from analysis.figures.style import STYLE

__all__ = [
    "STYLE",
    "class_difference",
    "confusion",
    "cost",
    "effects",
    "interactions",
    "loss_curves",
    "pages",
    "variance_shares",
]
