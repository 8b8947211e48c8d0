"""Read the current state of a study folder repeatedly; only files that have changed are read again."""

import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ablate.files import bounded
from ablate.runs import epochs as epoch_rows
from ablate.runs import run_record, stages, study_plan
from ablate.runs.metric import ACCURACY, FROM_PREDICTIONS, Metric
from ablate.runs.statuses import ENDED, FAILED, NO_RECORD
from ablate.study import slurm_queue
from ablate.study.stages import progress
from ablate.study.status import PlannedState, if_alive, recorded_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import printable

Value = TypeVar("Value")
QUEUE_SECONDS = 10.0  # between two queries of a cluster
LOG_BYTES = 8192  # read from the end of a log


@dataclass(frozen=True)
class Epochs:
    """The epochs of a run so far.

    values             the metric per epoch; NaN for an invalid value, or where metrics.csv lacks it
    seconds_per_epoch  median; None before the first epoch
    limits             lowest and highest value; None before the first epoch
    """

    values: list[float]
    seconds_per_epoch: float | None
    limits: tuple[float, float] | None


@dataclass(frozen=True)
class RunView:
    """A planned run as the live view shows it.

    folder   relative to the study folder; `.` for a single run
    state    status and record
    epochs   the epochs so far
    log      the last lines of the log, if the run failed
    """

    variant: str
    seed: int | None
    folder: str
    state: PlannedState
    epochs: Epochs
    log: list[str]

    @property
    def status(self) -> str:
        """The status of the run, such as `completed`."""
        return self.state.status

    @property
    def done(self) -> int:
        """Number of finished epochs."""
        return len(self.epochs.values)

    @property
    def planned(self) -> int | None:
        """Number of planned epochs; None if it is not recorded."""
        epochs = self.state.record.planned_epochs if self.state.record else None
        return epochs if epochs and epochs > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds of the epochs to do of a run without a result; None if it has ended, or has no epoch yet."""
        if self.status in ENDED or self.epochs.seconds_per_epoch is None or not self.planned:
            return None
        return self.epochs.seconds_per_epoch * max(0, self.planned - self.done)


@dataclass(frozen=True)
class StudyView:
    """The current state of a study or a single run.

    name     of the study
    runs     those that are due, in the order of the plan
    metric   shown per epoch
    stages   a sentence on the planned looks; empty without stages
    queue    a sentence on the jobs in the queue of a cluster; empty if none were submitted
    """

    name: str
    runs: list[RunView]
    metric: Metric = ACCURACY
    stages: str = ""
    queue: str = ""


NO_EPOCHS = Epochs([], None, None)


class FolderView:
    """A function that returns the current state of a study folder or run folder.

    Args:
        folder: folder of a study or a single run.

    Raises:
        InputError: the folder is neither (when called).
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.metric = folder.absolute(), ACCURACY
        self.queue, self.queue_read = "", -QUEUE_SECONDS
        self.cache: dict[tuple[Path, str], tuple[Any, Any]] = {}
        single = (self.folder / run_record.FILE).exists() and not (self.folder / study_plan.FILE).exists()
        self.read = self._read_single if single else self._read_study

    def __call__(self) -> StudyView:
        """Read the current state."""
        return self.read()

    def _read_study(self) -> StudyView:
        plan = self._cached(self.folder / study_plan.FILE, "plan", lambda _: study_plan.read(self.folder))
        looks = self._cached(self.folder / stages.FILE, "looks", lambda _: stages.read(self.folder, plan))
        self.metric = per_epoch(plan.metric)
        runs = [self._read_run(run.variant, run.seed, run.folder, run.config_sha256) for run in stages.due(plan, looks)]
        staged = progress(plan, looks) if plan.stages else ""
        return StudyView(plan.name, runs, self.metric, staged, self._read_queue())

    def _read_queue(self) -> str:
        """The jobs in the queue of a cluster, which is not asked more often than every few seconds."""
        if time.monotonic() - self.queue_read >= QUEUE_SECONDS:
            self.queue, self.queue_read = slurm_queue.summary(self.folder), time.monotonic()
        return self.queue

    def _read_single(self) -> StudyView:
        record = self._cached(self.folder / run_record.FILE, "plan", lambda _: run_record.read(self.folder))
        run = self._read_run(record.variant or "run", record.seed, ".", record.config_sha256)
        return StudyView(self.folder.name, [run])

    def _read_run(self, variant: str, seed: int | None, subfolder: str, config_sha256: str | None) -> RunView:
        folder = self.folder / subfolder
        state = self._cached(folder / run_record.FILE, "record", lambda _: recorded_state(folder, config_sha256))
        # Only runs of a study hold a lock that shows whether their process is alive.
        if state.record and state.record.study:
            state = if_alive(state, folder)
        planned = state.record.planned_epochs if state.record else None
        epochs = NO_EPOCHS
        if state.status not in NO_RECORD:
            read = partial(read_epochs, planned=planned, metric=self.metric)
            epochs = self._cached(folder / epoch_rows.FILE, "epochs", read)
        log = self._cached(folder / "train.log", "log", last_lines) if state.status in FAILED else []
        return RunView(variant, seed, subfolder, state, epochs, log)

    def _cached(self, path: Path, part: str, read: Callable[[Path], Value]) -> Value:
        """Return `read(path)`; it is only called again if the file has changed."""
        try:
            stat = os.stat(path)
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            version = None
        value: Value
        cached_version, value = self.cache.get((path, part), ((), None))
        if cached_version != version:
            value = read(path)
            self.cache[path, part] = (version, value)
        return value


def per_epoch(metric: Metric) -> Metric:
    """The metric that a study shows per epoch: validation accuracy, where its own follows from stored predictions."""
    return ACCURACY if metric.name in FROM_PREDICTIONS else metric


def read_epochs(path: Path, planned: int | None = None, metric: Metric = ACCURACY) -> Epochs:
    """Read the epochs in a metrics.csv; an oversized file, or one of more than the planned epochs, counts as empty."""
    try:
        table = epoch_rows.read(path, planned)
    except InputError:
        return NO_EPOCHS
    unknown = [math.nan] * epoch_rows.count(table)
    recorded = table.get(metric.name, unknown)
    low, high = (0.0, 1.0) if metric.is_share else (-sys.float_info.max, sys.float_info.max)
    values = [value if low <= value <= high else math.nan for value in recorded]
    seconds = [value for value in table.get("seconds", ()) if 0 <= value < math.inf]
    valid = [value for value in values if not math.isnan(value)]
    limits = (min(valid), max(valid)) if valid else None
    return Epochs(values, statistics.median(seconds) if seconds else None, limits)


def last_lines(path: Path) -> list[str]:
    """Read the last lines of a log; empty if the file does not exist."""
    try:
        text = bounded.tail(path, LOG_BYTES).decode(errors="replace")
    except OSError:
        return []
    return [line for line in map(printable, text.splitlines()) if line.strip()]
