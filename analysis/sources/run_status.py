"""The status of each row of a table, in the words of W&B, MLflow, Optuna, Slurm and our own records."""

import pandas as pd

from ablate.runs.metric import LARGEST
from ablate.terminal.errors import InputError

STATUS = "status"
# {status: words for it, in lower case}
STATUSES = {
    "completed": "completed finished complete success succeeded ok done",
    "diverged": "diverged nan",
    "pruned": "pruned",
    "failed": "failed fail crashed error killed timeout cancelled canceled preempted",
    "interrupted": "interrupted running scheduled pending waiting",
    "missing": "missing",
}
STATUS_OF = {word: status for status, words in STATUSES.items() for word in words.split()}


def with_column(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column `status`, which W&B and Optuna call state, if there is one."""
    if STATUS in rows:
        return rows
    for column in rows.columns:
        known = rows[column].dropna().astype(str).str.strip().str.lower().isin(STATUS_OF)
        if str(column).lower() in (STATUS, "state") and known.all():
            return rows.rename(columns={column: STATUS})
    return rows


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
