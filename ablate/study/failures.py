"""The table of the runs of a study without a result, printed at its end."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ablate.config.messages import sentence
from ablate.files import bounded
from ablate.runs.study_plan import PlannedRun
from ablate.study.status import PlannedState
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, printable_lines

LOG_LINES = 4  # shown of a failed run
LOG_BYTES = 4 * bounded.KIB  # read from the end of its log


def table(
    folder: Path, failed: Sequence[tuple[PlannedRun, PlannedState]], errors: Mapping[str, Exception]
) -> list[Table | Text]:
    """Table of the runs without a result (status, reason), and the last lines of their logs.

    Runs with the same status and reason share a row, and the log of the first one.
    """
    rows = Table(box=SIMPLE_HEAD, title="Runs without a result", title_justify="left")
    for name in ("run", "status", "reason"):
        rows.add_column(name, overflow="fold")
    alike: dict[tuple[str, str], list[PlannedRun]] = {}
    for run, state in failed:
        alike.setdefault((state.status, _reason(state, errors.get(run.folder))), []).append(run)
    logs = []
    for (status, reason), runs in alike.items():
        count = f"{len(runs)} runs: " if len(runs) > 1 else ""
        names = first_few([run.folder for run in runs], 2)
        rows.add_row(Text(f"{count}{names}"), status, Text(printable_lines(reason)))
        path = folder / runs[0].folder / "train.log"
        if path.is_file() and not isinstance(errors.get(runs[0].folder), InputError):  # its message is complete
            end = printable_lines(bounded.tail(path, LOG_BYTES).decode(errors="replace")).splitlines()[-LOG_LINES:]
            logs += [Text("\n".join([f"{path} ends with", *end]))] if end else []
    return [rows, *logs]


def _reason(state: PlannedState, error: Exception | None) -> str:
    """Why a run has no result, in a sentence."""
    reason = sentence(error) if error else state.reason or "It was not started."
    if error and state.status == "interrupted":
        cause = reason.rstrip(".") if isinstance(error, OSError) else error
        reason = f"{cause}; run the same command again to resume."
    return reason
