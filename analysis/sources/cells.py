"""The cells of a table: what is missing, numbers, and levels as text."""

from typing import Any

import numpy as np
import pandas as pd

from ablate.terminal.errors import InputError

UNSET = "(not set)"  # level of a factor that a run does not set
# How programs write that a number, a seed or a status is missing, in lower case. Such a text may also be a level.
MISSING = {"", "nan", "-nan", "none", "null", "na", "n/a", "<na>", "nat", "#n/a", "#na", "#n/a n/a", "1.#ind",
           "-1.#ind", "1.#qnan", "-1.#qnan"}  # fmt: skip


def is_missing(column: pd.Series) -> pd.Series:
    """Where a column of numbers, seeds or statuses has no value: empty cells, and texts such as NA."""
    return column.isna() | column.astype(str).str.strip().str.lower().isin(MISSING)


def with_text_names(rows: pd.DataFrame, name: object) -> pd.DataFrame:
    """The rows with the names of columns as text without spaces around them; InputError if two are equal."""
    rows = rows.rename(columns=lambda column: str(column).strip())
    if rows.columns.has_duplicates:
        twice = rows.columns[rows.columns.duplicated()][0]
        raise InputError(f"{name} has more than one column {twice!r}. Rename one of them.")
    return rows


def plain_cells(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with lists and objects of JSON as text."""
    columns = [
        place for place, kind in enumerate(rows.dtypes) if pd.api.types.is_object_dtype(kind)
    ]  # no other column can have them
    plain = {place: rows.iloc[:, place].map(_plain_cell) for place in columns}
    series = [plain.get(place, rows.iloc[:, place]) for place in range(rows.shape[1])]
    return pd.concat(series, axis=1) if plain else rows


def _plain_cell(cell: Any) -> Any:
    return str(cell) if isinstance(cell, (list, dict, np.ndarray)) else cell


def numeric(column: pd.Series) -> tuple[pd.Series, str]:
    """The column as numbers, and the first value that is not a number (empty if all are)."""
    numbers = as_floats(column)
    wrong = numbers.isna() & ~is_missing(column)
    return numbers, repr(str(column[wrong].iloc[0]).strip())[:80] if wrong.any() else ""


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


def texts_of(column: pd.Series) -> pd.Series:
    """Levels as text: whole numbers without decimals, `UNSET` for a missing one."""
    texts = [_text(level) for level in column.astype(object).where(column.notna(), UNSET)]
    return pd.Series(texts, column.index, dtype=object, name=column.name)  # strings of pandas would be another copy


def _text(level: Any) -> str:
    return repr(float(level)).removesuffix(".0") if isinstance(level, float) else str(level).strip() or UNSET
