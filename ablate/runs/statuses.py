"""Every status of a run, and the sets of statuses that the rest of the code asks for."""

from typing import Literal, get_args

RecordedStatus = Literal["running", "completed", "diverged", "pruned", "failed", "interrupted"]
# Of a planned run: no run.json, one of another configuration, or one that cannot be read.
PlannedStatus = Literal[RecordedStatus, "missing", "stale", "unreadable"]

RECORDED: tuple[str, ...] = get_args(RecordedStatus)
RESULTS = ("completed", "diverged", "pruned")  # good, bad, or not worth the rest of its epochs
WITHOUT_RESULT = ("failed", "missing", "running", "interrupted", "stale", "unreadable")  # holes in a study
FAILED = ("failed", "unreadable")
NO_RECORD = ("missing", "stale")  # of the planned configuration
FINISHED = (*RESULTS, "failed")  # its process recorded how it ended
ENDED = (*RESULTS, *FAILED)  # nothing to wait for
