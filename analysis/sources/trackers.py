"""What experiment trackers write next to the settings and the metric of a run."""

import pandas as pd

STATUS = "status"
# Words of W&B, MLflow, Optuna, Slurm and our own records, in lower case.
STATUSES = {
    "completed": "completed finished complete success succeeded ok done",
    "diverged": "diverged nan",
    "pruned": "pruned",
    "failed": "failed fail crashed error killed timeout cancelled canceled preempted",
    "interrupted": "interrupted running scheduled pending waiting",
    "missing": "missing",
}
STATUS_OF = {word: status for status, words in STATUSES.items() for word in words.split()}
# Columns of W&B, MLflow and Optuna that are no settings, in lower case, and the starts of such names.
BOOKKEEPING = {"name", "notes", "user", "tags", "created", "runtime", "sweep", "id", "run_id", "experiment_id",
               "artifact_uri", "start_time", "end_time", "datetime_start", "datetime_complete", "duration", "number",
               "epoch", "step", "folder", "error"}  # fmt: skip
STARTS = ("_", "metrics.", "tags.mlflow.", "gradients/", "system/")


def is_bookkeeping(column: str) -> bool:
    """Whether a column records something of each run that is neither a setting nor the metric."""
    return column.lower() in BOOKKEEPING or column.lower().startswith(STARTS)


def with_status(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column `status`, which W&B and Optuna call state, if there is one."""
    if STATUS in rows:
        return rows
    for column in rows.columns:
        known = rows[column].dropna().astype(str).str.strip().str.lower().isin(STATUS_OF)
        if str(column).lower() in (STATUS, "state") and known.all():
            return rows.rename(columns={column: STATUS})
    return rows
