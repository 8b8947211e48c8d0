"""The result of a run that another machine trains, from its record."""

from pathlib import Path

from hydra.core.utils import JobReturn, JobStatus

from ablate.runs import run_record
from ablate.runs.statuses import RECORDED_END
from ablate.study.launcher import failed
from ablate.terminal.errors import InputError, UserError


def recorded_end(folder: Path) -> JobReturn | None:
    """The result of the run in a folder; None if it has not recorded how it ended."""
    try:
        record = run_record.read(folder)
    except InputError:
        return None
    if record.status not in RECORDED_END:
        return None
    if record.status == "failed":
        return failed(UserError(record.error or "The run failed."))
    return JobReturn(status=JobStatus.COMPLETED)
