"""What the columns of a data frame with one row per run hold: metric, seed, status, factors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.sources.trackers import STATUS, STATUS_OF, is_bookkeeping
from ablate.runs import study_plan
from ablate.runs.metric import LARGEST, Metric
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

UNSET = "(not set)"  # level of a factor that a run does not set
LONGEST = 1000  # characters of a level
MOST_FACTORS = 12  # with more varying columns, the user has to select the factors
SECONDS, PARAMETERS = "seconds", "parameters"


@dataclass(frozen=True)
class Columns:
    """Which columns hold what.

    Attributes:
        metric: the metric; its name is the column.
        seed: the column of the replicate (seed, fold, repetition); None: rows are not paired.
        factors: columns of the factors; None: detected (`find_factors`).
        baseline: {factor: level} of the baseline, as text; a factor that it lacks has the level of the first row.
        block: the factor within each level of which variants are compared.
    """

    metric: Metric
    seed: str | None = None
    factors: Sequence[str] | None = None
    baseline: Mapping[str, str] | None = None
    block: str | None = None


def check_block(block: str | None, rows: pd.DataFrame, factors: Sequence[str], name: str) -> None:
    """Raise InputError if the block is not a factor with several levels, or is the only one."""
    if block is None:
        return
    if block in rows and rows[block].nunique() < 2:
        raise InputError(f"--block: {block} has one level in {name}, so there is nothing to compare within. Remove it.")
    if block not in factors:
        raise InputError(f"--block: {block} is not a factor of {name}; its factors: {first_few(factors, 12)}.")
    if len(factors) < 2:
        raise InputError(f"--block: {block} is the only factor of {name}, so no variants are left to compare.")


def check_columns(rows: pd.DataFrame, columns: Columns, name: str) -> None:
    """Raise InputError if a named column does not exist or is used twice."""
    named = [columns.metric.name, *([columns.seed] if columns.seed else []), *(columns.factors or [])]
    for column in named:
        if column not in rows:
            meant = did_you_mean(column, list(map(str, rows.columns)))
            raise InputError(f"{name} has no column {column}.{meant} Its columns: {first_few(rows.columns, 12)}.")
        if named.count(column) > 1:
            raise InputError(f"{name}: the column {column} is named twice; metric, seed and factors must differ.")
    check_names(columns.factors or [], [columns.metric.name], name)


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


def check_names(factors: Sequence[str], metrics: Sequence[str], name: str) -> None:
    """Raise InputError if a column cannot be in a report under its name."""
    try:
        study_plan.check_names(factors, metrics)
    except ValueError as error:
        raise InputError(f"{name} cannot be reported: {error}. Rename the column, or choose others.") from None


def numeric(column: pd.Series) -> tuple[pd.Series, str]:
    """The column as numbers, and the first value that is not a number (empty if all are)."""
    numbers = as_floats(column)
    text = column.astype(str).str.strip()
    words = text.str.lower().isin(["", "nan", "none", "null", "na", "n/a", "<na>"])
    wrong = column.notna() & numbers.isna() & ~words
    return numbers, repr(text[wrong].iloc[0])[:80] if wrong.any() else ""


def check_lengths(levels: pd.DataFrame, name: str) -> None:
    """Raise InputError for a level that is too long for a table."""
    for factor in levels:
        longest = max(levels[factor], key=len)
        if len(longest) > LONGEST:
            raise InputError(
                f"{name}: a level of {factor:.80} has {len(longest):,} characters ({longest[:40]!r}...), more than the"
                f" limit of {LONGEST:,}. Choose other columns with --factors."
            )


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


def statuses(rows: pd.DataFrame, values: pd.Series) -> pd.Series:
    """The status of each row. A run with a huge value has diverged; a completed run without a value has failed."""
    if STATUS in rows:
        words = rows[STATUS].astype(str).str.strip().str.lower()
        unknown = rows[STATUS][~words.isin(STATUS_OF) & rows[STATUS].notna()]
        if len(unknown):
            known = ", ".join(STATUS_OF)
            raise InputError(f"The column status holds {str(unknown.iloc[0])!r:.80}. Known words: {known}.")
        status = words.map(STATUS_OF).fillna("completed")
    else:
        status = pd.Series("completed", index=rows.index)
    completed = status == "completed"
    status = status.mask(completed & (values.abs() > LARGEST), "diverged")
    return status.mask(completed & values.isna(), "failed")


def numbered_seeds(rows: pd.DataFrame, columns: Columns) -> tuple[pd.Series, list[str]]:
    """The seed of each row as an integer; if the column holds other values, a sentence on how they were numbered."""
    if columns.seed is None:
        note = "No seed column: runs are not paired, and compared with Welch's t (--seed names the column)."
        return pd.Series(range(len(rows)), index=rows.index), [note]
    column = rows[columns.seed]
    if column.isna().any():
        place = int(np.flatnonzero(column.isna())[0]) + 1
        raise InputError(f"Row {place} has no {columns.seed}. Every run needs a seed, because runs are paired by it.")
    try:
        numbers = pd.to_numeric(column, errors="coerce")
    except (ValueError, TypeError):  # a list, a number of thousands of digits
        numbers = column.astype(object)
    exact = numbers.dtype not in (object, bool) and numbers.notna().all()  # not as floats: a seed may have 63 bits
    if exact and numbers.between(0, 2**63 - 1025).all() and (numbers % 1 == 0).all():
        return numbers.astype("int64"), []
    texts = texts_of(column)
    order = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    shown = first_few([f"{text} is {number}" for text, number in order.items()], 5)
    return texts.map(order), [f"The values of {columns.seed} are numbered: {shown}."]


def find_factors(rows: pd.DataFrame, columns: Columns, name: str) -> tuple[list[str], list[str]]:
    """Find the factors: columns that vary and are neither the seed nor a result or a label of each run.

    Excluded are columns that are constant, what trackers record of each run (`trackers`), fractional numbers with more
    than half as many values as there are runs, columns with a value per run (names, times), and columns that another
    factor determines one to one.

    Returns:
        The factors, and sentences that name them and what was excluded.

    Raises:
        InputError: more than `MOST_FACTORS`, or none that distinguishes the runs of one seed.
    """
    taken = {columns.metric.name, columns.seed, STATUS, SECONDS, PARAMETERS}
    replicates = rows[columns.seed].nunique() if columns.seed else 1
    codes_of: dict[str, pd.Series] = {}
    excluded = []
    for column in rows.columns:
        texts = texts_of(rows[column])
        count = texts.nunique()
        if column in taken or count < 2:
            continue
        if is_bookkeeping(str(column)):
            excluded.append(f"{column} (a record of each run)")
            continue
        codes = pd.Series(pd.factorize(texts)[0])
        same = next((other for other, known in codes_of.items() if _one_to_one(codes, known)), None)
        if same is not None:
            excluded.append(f"{column} (follows from {same})")
        elif _is_per_run(rows[column], count, replicates):
            excluded.append(f"{column} (a value per run)")
        elif columns.seed is not None and _one_to_one(codes, pd.Series(pd.factorize(rows[columns.seed])[0])):
            excluded.append(f"{column} (follows from {columns.seed})")
        else:
            codes_of[str(column)] = codes
    if len(codes_of) > MOST_FACTORS:
        raise InputError(
            f"{name}: {len(codes_of)} columns vary: {first_few(codes_of, 12)}. Name the factors with --factors."
        )
    notes = [f"Factors found: {', '.join(codes_of) or 'none'} (--factors names them)."]
    return list(codes_of), notes + ([f"Not factors: {first_few(excluded, 12)}."] if excluded else [])


def _is_per_run(column: pd.Series, count: int, replicates: int) -> bool:
    """True for a result or a label of each run, which differs between replicates; False for a setting."""
    if count == len(column) or count > 1.5 * len(column) / replicates:
        return True
    numbers = as_floats(column)
    fractional = numbers.notna().any() and bool((numbers.dropna() % 1 != 0).any())
    return fractional and count > len(column) / 2


def _one_to_one(one: pd.Series, other: pd.Series) -> bool:
    pairs = len(pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()}).drop_duplicates())
    return bool(pairs == one.nunique() == other.nunique())


def texts_of(column: pd.Series) -> pd.Series:
    """Levels as text: whole numbers without decimals, `UNSET` for a missing one."""
    texts = [_text(level) for level in column.astype(object).where(column.notna(), UNSET)]
    return pd.Series(texts, column.index, dtype=object, name=column.name)  # strings of pandas would be another copy


def _text(level: Any) -> str:
    return repr(float(level)).removesuffix(".0") if isinstance(level, float) else str(level).strip() or UNSET
