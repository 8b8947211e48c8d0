"""Cells of a table as plain values, numbers and text."""

from typing import Any

import numpy as np
import pandas as pd

UNSET = "(not set)"  # level of a factor that a run does not set


def plain(cell: Any) -> Any:
    """A cell; a list or an object of JSON as text."""
    return str(cell) if isinstance(cell, (list, dict, np.ndarray)) else cell


def numbers_of(column: pd.Series) -> tuple[pd.Series, str]:
    """The column as numbers, and the first value that is none (empty if there is no such value)."""
    numbers = as_floats(column)
    text = column.astype(str).str.strip()
    words = text.str.lower().isin(["", "nan", "none", "null", "na", "n/a", "<na>"])
    wrong = column.notna() & numbers.isna() & ~words
    return numbers, repr(text[wrong].iloc[0])[:80] if wrong.any() else ""


def as_floats(column: pd.Series) -> pd.Series:
    """The column as numbers; NaN for what is none, infinity for whole numbers that are too large."""
    try:
        return pd.to_numeric(column, errors="coerce").astype(float)
    except (OverflowError, ValueError, TypeError):  # one cell makes it fail
        return column.map(_as_float)


def _as_float(cell: Any) -> float:
    try:
        return float(cell)
    except OverflowError:  # a whole number
        return np.inf if cell > 0 else -np.inf
    except (ValueError, TypeError):
        return np.nan


def texts(column: pd.Series) -> pd.Series:
    """Levels as text: whole numbers without decimals, `UNSET` where there is none."""
    levels = column.astype(object).where(column.notna(), UNSET).map(_text)
    return levels.replace("", UNSET)


def _text(level: Any) -> str:
    return repr(float(level)).removesuffix(".0") if isinstance(level, float) else str(level).strip()
