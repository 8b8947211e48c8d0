"""Determine the state of a planned run from its folder."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ablate.files.lock import is_locked
from ablate.runs import epochs, run_record
from ablate.runs.record_parts import EpochCount
from ablate.runs.run_record import RunRecord
from ablate.runs.statuses import RESULTS, PlannedStatus
from ablate.runs.study_plan import PlannedRun
from ablate.terminal.errors import InputError


@dataclass(frozen=True)
class PlannedState:
    """The state of a planned run.

    Attributes:
        status: the recorded status; or `missing` (no run.json), `unreadable`, or `stale` (another configuration).
        record: the record of the run; None if it is missing, unreadable or stale.
        reason: a sentence on why the run has no result; empty if it has one, or is missing.
    """

    status: PlannedStatus
    record: RunRecord | None = None
    reason: str = ""

    @property
    def has_result(self) -> bool:
        """True if the run completed, diverged or was pruned."""
        return self.status in RESULTS

    def value(self, metric: str) -> float | None:
        """A recorded metric of the run; None if it has none."""
        return (self.record.metrics or {}).get(metric) if self.record else None

    @property
    def total_seconds(self) -> float | None:
        """Wall-clock time of a run with a result."""
        return self.record.total_seconds if self.record and self.has_result else None


def planned_state(study: Path, planned: PlannedRun) -> PlannedState:
    """The current state of a planned run of a study."""
    folder = Path(study) / planned.folder
    return if_alive(recorded_state(folder, planned.config_sha256), folder)


def recorded_state(folder: Path, config_sha256: str | None) -> PlannedState:
    """The recorded state of a run. Its process may have died since.

    Args:
        folder: run folder.
        config_sha256: hash of the planned configuration.
    """
    try:
        record = run_record.read(folder)
    except InputError as error:
        exists = os.path.exists(folder / run_record.FILE)
        return PlannedState("unreadable", reason=str(error)) if exists else PlannedState("missing")
    if record.config_sha256 != config_sha256:
        return PlannedState("stale", reason="The run has another configuration than planned.")
    if record.status == "completed" and (problem := _without_value(record)):
        return PlannedState("unreadable", reason=f"run.json is not a valid record: the run is completed, but {problem}")
    return PlannedState(record.status, record, record.error or "")


def _without_value(record: RunRecord) -> str:
    """What a completed run lacks: metrics, or a validation accuracy that is a fraction; empty if it lacks nothing.

    The metrics of another app may have any value.
    """
    metrics = record.metrics or {}
    if not metrics:
        return "has no metrics"
    accuracy = 0 if record.app is not None else metrics.get("val_accuracy", 0)
    return "" if accuracy is not None and 0 <= accuracy <= 1 else f"its val_accuracy is {accuracy}"


def if_alive(state: PlannedState, folder: Path) -> PlannedState:
    """Change `running` to `interrupted` if no process holds the lock of the run folder."""
    if state.status != "running" or state.record is None or is_locked(folder):
        return state
    now = recorded_state(folder, state.record.config_sha256)
    if now.status != "running":  # it ended after the record was read, before the lock was
        return now
    reason = "The process died without recording an error (killed, or out of memory)."
    return replace(now, status="interrupted", reason=reason, record=with_done_epochs(now.record, folder))


def with_done_epochs(record: RunRecord | None, folder: Path) -> RunRecord | None:
    """The record of a run whose process died, with the number of epochs in its metrics.csv."""
    done = epochs.done(folder)
    return record and msgspec.structs.replace(record, epochs=EpochCount(planned=record.planned_epochs, done=done))
