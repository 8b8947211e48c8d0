"""Which columns of a table of runs are factors, where the user does not name them."""

import pandas as pd

from ablate.analysis.sources.cells import as_floats, texts
from ablate.analysis.sources.run_status import STATUS
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

MOST_FACTORS = 12  # of more, the user has to say which
# What W&B, MLflow and Optuna write next to settings, in lower case, and the starts of such names.
BOOKKEEPING = {"name", "notes", "user", "tags", "created", "runtime", "sweep", "id", "run_id", "experiment_id",
               "artifact_uri", "start_time", "end_time", "datetime_start", "datetime_complete", "duration", "number",
               "epoch", "step", "folder", "error", "seconds", "parameters"}  # fmt: skip
STARTS = ("_", "metrics.", "tags.mlflow.", "gradients/", "system/")


def find_factors(rows: pd.DataFrame, metric: str, seed: str | None, name: str) -> tuple[list[str], list[str]]:
    """Find the factors: columns that vary and are neither the seed nor a result or a label of each run.

    Excluded are columns in which trackers keep results and dates (`BOOKKEEPING`), columns that are constant,
    fractional numbers with more than half as many values as there are runs, columns with more values than the seeds
    leave room for (names, times), and columns that another factor determines one to one.

    Args:
        rows: one row per run.
        metric, seed: their columns; a seed of None: there is none.
        name: of the table, for messages.

    Returns:
        The factors, and sentences that name them and what was excluded.

    Raises:
        InputError: more than `MOST_FACTORS`, or none that tells the runs of one seed apart.
    """
    taken = {metric, seed, STATUS}
    replicates = rows[seed].nunique() if seed else 1
    varying: dict[str, pd.Series] = {}
    excluded = []
    for column in rows.columns:
        levels = texts(rows[column])
        count = levels.nunique()
        if column in taken or count < 2:
            continue
        if _is_bookkeeping(str(column).lower()):
            excluded.append(f"{column} (a record of each run)")
            continue
        codes = pd.Series(pd.factorize(levels)[0])
        same = next((other for other, known in varying.items() if _one_to_one(codes, known)), None)
        if same is not None:
            excluded.append(f"{column} (follows from {same})")
        elif _is_per_run(rows[column], count, replicates):
            excluded.append(f"{column} (a value per run)")
        elif seed is not None and _one_to_one(codes, pd.Series(pd.factorize(rows[seed])[0])):
            excluded.append(f"{column} (follows from {seed})")
        else:
            varying[str(column)] = codes
    if len(varying) > MOST_FACTORS:
        raise InputError(
            f"{name}: {len(varying)} columns vary: {first_few(varying, 12)}. Name the factors with --factors."
        )
    notes = [f"Factors found: {', '.join(varying) or 'none'} (--factors names them)."]
    return list(varying), notes + ([f"Not factors: {first_few(excluded, 12)}."] if excluded else [])


def _is_bookkeeping(column: str) -> bool:
    return column in BOOKKEEPING or column.startswith(STARTS)


def _is_per_run(column: pd.Series, count: int, replicates: int) -> bool:
    """Whether a column is a result or a label of each run rather than a setting, which the replicates of it share."""
    if count == len(column) or count > 1.5 * len(column) / replicates:
        return True
    numbers = as_floats(column)
    fractional = numbers.notna().any() and bool((numbers.dropna() % 1 != 0).any())
    return fractional and count > len(column) / 2


def _one_to_one(one: pd.Series, other: pd.Series) -> bool:
    pairs = len(pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()}).drop_duplicates())
    return bool(pairs == one.nunique() == other.nunique())
