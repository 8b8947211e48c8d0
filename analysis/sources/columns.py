"""What the columns of a data frame with one row per run hold: metric, seed, status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ablate.analysis.sources.cells import is_missing, texts_of
from ablate.analysis.sources.trackers import STATUS, STATUS_OF
from ablate.runs import study_plan
from ablate.runs.metric import LARGEST, Metric
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

LONGEST = 1000  # characters of a level
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
        row: what a row is called in messages: `row`, or `job` of a multirun, which its folder names.
        first: where the levels of the first row are from.
    """

    metric: Metric
    seed: str | None = None
    factors: Sequence[str] | None = None
    baseline: Mapping[str, str] | None = None
    block: str | None = None
    row: Literal["row", "job"] = "row"
    first: str = "the levels of the first row"


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


def check_names(factors: Sequence[str], metrics: Sequence[str], name: str) -> None:
    """Raise InputError if a column cannot be in a report under its name."""
    try:
        study_plan.check_names(factors, metrics)
    except ValueError as error:
        raise InputError(f"{name} cannot be reported: {error}. Rename the column, or choose others.") from None


def check_lengths(levels: pd.DataFrame, name: str) -> None:
    """Raise InputError for a level that is too long for a table."""
    for factor in levels:
        longest = max(levels[factor], key=len)
        if len(longest) > LONGEST:
            raise InputError(
                f"{name}: a level of {factor:.80} has {len(longest):,} characters ({longest[:40]!r}...), more than the"
                f" limit of {LONGEST:,}. Choose other columns with --factors."
            )


def statuses(rows: pd.DataFrame, values: pd.Series) -> pd.Series:
    """The status of each row. A run with a huge value has diverged; a completed run without a value has failed."""
    if STATUS in rows:
        words = rows[STATUS].astype(str).str.strip().str.lower()
        unknown = rows[STATUS][~words.isin(STATUS_OF) & ~is_missing(rows[STATUS])]
        if len(unknown):
            known = ", ".join(STATUS_OF)
            raise InputError(
                f"The column status holds {str(unknown.iloc[0])!r:.80}. Allowed values: {known}. Replace the value, or"
                " rename the column."
            )
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
    if (missing := is_missing(column)).any():
        place = int(np.flatnonzero(missing)[0]) + 1
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
