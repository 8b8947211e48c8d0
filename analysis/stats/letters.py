"""Compact letter display: letters such that two treatments share one exactly if they do not differ significantly."""

import string

import numpy as np
from numpy.typing import ArrayLike


def letters(different: ArrayLike) -> list[str]:
    """The letters of each treatment, by the insert-and-absorb algorithm (Piepho 2004).

    Every set of treatments that do not differ has a letter; the first treatment has an `a`.

    Args:
        different: (k, k) True where two treatments differ; symmetric, in the order in which letters are given.

    Returns:
        The letters of the k treatments: `a`, `ab`, `b`, ...; after z come A to Z, then numbers in parentheses.
    """
    matrix = np.asarray(different, dtype=bool)
    columns = [frozenset(range(len(matrix)))]
    for one, other in np.argwhere(np.triu(matrix, 1)).tolist():
        split = [column for column in columns if {one, other} <= column]
        kept = [column for column in columns if not {one, other} <= column]
        for column in (half for whole in split for half in (whole - {one}, whole - {other})):
            if not any(column <= wider for wider in kept):  # absorbed
                kept = [narrower for narrower in kept if not narrower <= column] + [column]
        columns = kept
    columns.sort(key=sorted)
    return ["".join(_name(place) for place, column in enumerate(columns) if k in column) for k in range(len(matrix))]


def _name(place: int) -> str:
    return string.ascii_letters[place] if place < len(string.ascii_letters) else f"({place + 1})"
