"""A study's folder, looked at again and again: of a thousand runs, only what has changed since is read."""

import math
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ablate.files import bounded
from ablate.runs import epochs as epoch_rows
from ablate.runs import record
from ablate.terminal.errors import InputError
from ablate.terminal.text import printable

Value = TypeVar("Value")
FAILED = ("failed", "unreadable")
NO_RUN = ("missing", "stale")  # or one of another configuration
LOG = 8192  # bytes at the end of a log that are read


@dataclass(frozen=True)
class Epochs:
    """What is shown of a run's epochs so far.

    accuracies  of validation, epoch by epoch; NaN for what is no accuracy
    pace        seconds an epoch takes, the median; None before the first
    limits      the lowest and the highest accuracy; None without any
    """

    accuracies: list[float]
    pace: float | None
    limits: tuple[float, float] | None


@dataclass(frozen=True)
class Seen:
    """A planned run as its folder shows it.

    planned  its entry in study.json
    found    its record, or what is said in its place (`record.read_planned`)
    epochs   so far
    log      the last lines of its log, if it failed
    """

    planned: dict[str, Any]
    found: dict[str, Any]
    epochs: Epochs
    log: list[str]

    @property
    def status(self) -> str:
        """As `record.read_planned` says."""
        return str(self.found["status"])

    @property
    def done(self) -> int:
        """Epochs behind it."""
        return len(self.epochs.accuracies)

    @property
    def of(self) -> int | None:
        """Epochs planned; None where the record does not say."""
        planned = (self.found.get("epochs") or {}).get("planned")
        return planned if planned and planned > 0 else None


NONE = Epochs([], None, None)


class Look:
    """What is in a study's folder, or in that of a single run, each time it is called.

    Raises:
        InputError: the folder is neither.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.known: dict[tuple[Path, str], tuple[Any, Any]] = {}
        single = (self.folder / "run.json").exists() and not (self.folder / "study.json").exists()
        self.plan = self._single if single else self._study

    def __call__(self) -> tuple[dict[str, Any], list[Seen]]:
        """The plan (of study.json) and its runs, in its order."""
        plan = self.plan()
        return plan, [self._run(planned) for planned in plan["runs"]]

    def _study(self) -> dict[str, Any]:
        return self._changed(self.folder / "study.json", "plan", lambda _: record.read_study(self.folder))

    def _single(self) -> dict[str, Any]:
        """A plan of the one run."""
        run = self._changed(self.folder / "run.json", "plan", lambda _: record.read_run(self.folder))
        planned = {"variant": run.get("variant") or "run", "seed": run.get("seed"), "folder": "."}
        return {"name": self.folder.name, "runs": [{**planned, "config_sha256": run.get("config_sha256")}]}

    def _run(self, planned: dict[str, Any]) -> Seen:
        folder = self.folder / planned["folder"]
        read = self._changed(folder / "run.json", "record", lambda _: record.read_recorded(self.folder, planned))
        # A run outside a study has no lock that would tell.
        found = record.alive(read, folder) if read.get("study") else read
        epochs = NONE if found["status"] in NO_RUN else self._changed(folder / "metrics.csv", "epochs", read_epochs)
        log = self._changed(folder / "train.log", "log", last_lines) if found["status"] in FAILED else []
        return Seen(planned, found, epochs, log)

    def _changed(self, path: Path, what: str, read: Callable[[Path], Value]) -> Value:
        """What `read` returns, called only if the file is another than when it was last."""
        try:
            now = os.stat(path)
            mark = (now.st_mtime_ns, now.st_size, now.st_ino)
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
    taken = [row["seconds"] for row in rows if 0 <= row.get("seconds", math.nan) < math.inf]
    known = [value for value in accuracies if not math.isnan(value)]
    limits = (min(known), max(known)) if known else None
    return Epochs(accuracies, statistics.median(taken) if taken else None, limits)


def last_lines(path: Path) -> list[str]:
    """The end of a log, line by line; empty if there is none."""
    try:
        text = bounded.tail(path, LOG).decode(errors="replace")
    except OSError:
        return []
    return [line for line in map(printable, text.splitlines()) if line.strip()]
