"""Every status of a run, and the sets of statuses that the rest of the code asks for."""

from typing import Literal, get_args

RecordedStatus = Literal["running", "completed", "diverged", "pruned", "failed", "interrupted"]
# Of a planned run: no run.json, one of another configuration, or one that cannot be read; and one with a result on
# other images, or with other settings, than the runs that it would be compared with.
PlannedStatus = Literal[RecordedStatus, "missing", "stale", "unreadable", "other images", "other settings"]

RECORDED: tuple[str, ...] = get_args(RecordedStatus)
RESULTS = ("completed", "diverged", "pruned")  # good, bad, or not worth the rest of its epochs
NOT_COMPARABLE = ("other images", "other settings")
# Holes in a study.
WITHOUT_RESULT = ("failed", "missing", "running", "interrupted", "stale", "unreadable", *NOT_COMPARABLE)
FAILED = ("failed", "unreadable")
NO_RECORD = ("missing", "stale")  # of the planned configuration
RECORDED_END = (*RESULTS, "failed")  # its process recorded how it ended
ENDED = (*RECORDED_END, "unreadable")  # nothing to wait for: also where the record cannot be read
