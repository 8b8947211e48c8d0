"""A study's folder as it is now, read again and again: of a thousand runs, only what has changed since."""

import math
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ablate.files import bounded
from ablate.runs import epochs as epoch_rows
from ablate.runs import run_record, study_plan
from ablate.runs.statuses import FAILED, NO_RECORD
from ablate.study.status import PlannedState, if_alive, recorded_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import printable

Value = TypeVar("Value")
LOG = 8192  # bytes at the end of a log that are read


@dataclass(frozen=True)
class Epochs:
    """A run's epochs so far.

    accuracies  of validation, epoch by epoch; NaN for what is not an accuracy
    pace        seconds of an epoch, the median; None before the first
    limits      the lowest and the highest accuracy; None without any
    """

    accuracies: list[float]
    pace: float | None
    limits: tuple[float, float] | None


@dataclass(frozen=True)
class RunView:
    """A planned run as its folder shows it.

    folder   relative to the study's; `.` for a single run
    state    its status and record
    epochs   so far
    log      the last lines of its log, if it failed
    """

    variant: str
    seed: int | None
    folder: str
    state: PlannedState
    epochs: Epochs
    log: list[str]

    @property
    def status(self) -> str:
        """As `planned_state` has it."""
        return self.state.status

    @property
    def done(self) -> int:
        """Epochs that are trained."""
        return len(self.epochs.accuracies)

    @property
    def of(self) -> int | None:
        """Epochs planned; None if they are not recorded."""
        planned = self.state.record.planned_epochs if self.state.record else None
        return planned if planned and planned > 0 else None


@dataclass(frozen=True)
class StudyView:
    """A study, or a single run, as its folder shows it: its name, and its runs in the order of the plan."""

    name: str
    runs: list[RunView]


NONE = Epochs([], None, None)


class FolderView:
    """What is in a study's folder, or in that of a single run, each time it is called.

    Raises:
        InputError: the folder is neither.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.known: dict[tuple[Path, str], tuple[Any, Any]] = {}
        single = (self.folder / run_record.FILE).exists() and not (self.folder / study_plan.FILE).exists()
        self.view = self._single if single else self._study

    def __call__(self) -> StudyView:
        """The study and its runs as they are now."""
        return self.view()

    def _study(self) -> StudyView:
        plan = self._changed(self.folder / study_plan.FILE, "plan", lambda _: study_plan.read(self.folder))
        return StudyView(plan.name, [self._run(r.variant, r.seed, r.folder, r.config_sha256) for r in plan.runs])

    def _single(self) -> StudyView:
        record = self._changed(self.folder / run_record.FILE, "plan", lambda _: run_record.read(self.folder))
        run = self._run(record.variant or "run", record.seed, ".", record.config_sha256)
        return StudyView(self.folder.name, [run])

    def _run(self, variant: str, seed: int | None, place: str, config_sha256: str | None) -> RunView:
        folder = self.folder / place
        state = self._changed(folder / run_record.FILE, "record", lambda _: recorded_state(folder, config_sha256))
        # A run outside a study has no lock that would show whether its process is alive.
        if state.record and state.record.study:
            state = if_alive(state, folder)
        epochs = NONE if state.status in NO_RECORD else self._changed(folder / "metrics.csv", "epochs", read_epochs)
        log = self._changed(folder / "train.log", "log", last_lines) if state.status in FAILED else []
        return RunView(variant, seed, place, state, epochs, log)

    def _changed(self, path: Path, what: str, read: Callable[[Path], Value]) -> Value:
        """What `read` returns, called only if the file has changed since."""
        try:
            stat = os.stat(path)
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            mark = None
        value: Value
        before, value = self.known.get((path, what), ((), None))
        if before != mark:
            value = read(path)
            self.known[path, what] = (mark, value)
        return value


def read_epochs(path: Path) -> Epochs:
    """The epochs in a metrics.csv; a file that is too large is as good as none."""
    try:
        rows = epoch_rows.read(path)
    except InputError:
        return NONE
    values = [row.get("val_accuracy", math.nan) for row in rows]
    accuracies = [value if 0 <= value <= 1 else math.nan for value in values]
    seconds = [row["seconds"] for row in rows if 0 <= row.get("seconds", math.nan) < math.inf]
    known = [value for value in accuracies if not math.isnan(value)]
    limits = (min(known), max(known)) if known else None
    return Epochs(accuracies, statistics.median(seconds) if seconds else None, limits)


def last_lines(path: Path) -> list[str]:
    """The end of a log, line by line; empty if there is none."""
    try:
        text = bounded.tail(path, LOG).decode(errors="replace")
    except OSError:
        return []
    return [line for line in map(printable, text.splitlines()) if line.strip()]
