"""Which columns of a table are factors, where the user names none."""

import numpy as np
import pandas as pd

from ablate.analysis.sources.cells import as_floats, is_missing, texts_of
from ablate.analysis.sources.columns import PARAMETERS, SECONDS, Columns
from ablate.analysis.sources.trackers import STATUS, is_bookkeeping
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

MOST = 12  # with more varying columns, the user has to select the factors
ONE_OF_EACH = 0.75  # share of runs with a value of their own among those of a variant, above which numbers are results


def find_factors(rows: pd.DataFrame, columns: Columns, name: str) -> tuple[list[str], list[str]]:
    """Find the factors: columns that vary and are neither the seed nor a result or a label of each run.

    Excluded are columns that are constant, what trackers record of each run (`trackers`), columns with another value in
    each run (names, times), numbers that differ between the runs of a variant (`_are_results`), and columns that
    another factor or the seed determines one to one. Text with a level that several runs share is always a factor.

    Returns:
        The factors, and sentences that name them and what was excluded.

    Raises:
        InputError: columns vary, but more than `MOST` are factors, or none is.
    """
    taken = {columns.metric.name, columns.seed, STATUS, SECONDS, PARAMETERS}
    seeds = _codes(rows[columns.seed]) if columns.seed else pd.Series(range(len(rows)))
    codes = {column: _codes(rows[column]) for column in rows.columns if column not in taken}
    varying = [column for column, levels in codes.items() if levels.nunique() > 1]
    numbers = [column for column in varying if _is_numeric(rows[column])]
    texts = [column for column in varying if column not in numbers]
    factors: list[str] = []
    variants = pd.Series(0, seeds.index)  # a number for each combination of the factors found so far
    excluded: dict[str, str] = {}
    for column in [*texts, *sorted(numbers, key=lambda number: codes[number].nunique())]:
        levels = codes[column]
        same = next((other for other in factors if _one_to_one(levels, codes[other])), None)
        if is_bookkeeping(column):
            excluded[column] = "a record of each run"
        elif same is not None:
            excluded[column] = f"follows from {same}"
        elif levels.nunique() == len(rows) or (column in numbers and _are_results(levels, variants, seeds)):
            excluded[column] = "a value per run"
        elif columns.seed is not None and _one_to_one(levels, seeds):
            excluded[column] = f"follows from {columns.seed}"
        else:
            factors.append(column)
            variants = _crossed(variants, levels)
    factors = [column for column in varying if column in factors]
    reasons = first_few([f"{column} ({excluded[column]})" for column in varying if column in excluded], 12)
    if excluded and not factors:
        raise InputError(f"{name}: no column was found to be a factor: {reasons}. Name the factors with --factors.")
    if len(factors) > MOST:
        raise InputError(
            f"{name}: {len(factors)} columns vary: {first_few(factors, 12)}. Name the factors with --factors."
        )
    notes = [f"Factors found: {', '.join(factors) or 'none'} (--factors names them)."]
    return factors, notes + ([f"Not factors: {reasons}."] if excluded else [])


def _are_results(levels: pd.Series, variants: pd.Series, seeds: pd.Series) -> bool:
    """Whether numbers are a result of each run: the runs of a variant differ in it. Those of a setting share it."""
    runs, own = len(levels), _crossed(variants, levels).nunique()
    if levels.nunique() > runs / 2 and own > ONE_OF_EACH * runs:
        return True
    is_crossed = _crossed(variants, seeds).nunique() == runs > variants.nunique() * seeds.nunique() / 2
    follows_from_seed = _crossed(seeds, levels).nunique() == seeds.nunique()
    return is_crossed and not follows_from_seed and levels.nunique() > 1.5 * variants.nunique()


def _codes(column: pd.Series) -> pd.Series:
    """A number for each level."""
    return pd.Series(pd.factorize(texts_of(column))[0])


def _crossed(one: pd.Series, other: pd.Series) -> pd.Series:
    """A number for each pair of levels."""
    return pd.Series(np.unique(one.to_numpy() * (other.max() + 1) + other.to_numpy(), return_inverse=True)[1])


def _one_to_one(one: pd.Series, other: pd.Series) -> bool:
    return bool(_crossed(one, other).nunique() == one.nunique() == other.nunique())


def _is_numeric(column: pd.Series) -> bool:
    """Whether all levels are numbers. Truth values are not."""
    values = column[~is_missing(column)]
    truths = values.map(lambda value: isinstance(value, (bool, np.bool_)))
    return len(values) > 0 and bool(as_floats(values).notna().all()) and not truths.any()
