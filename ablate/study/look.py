"""A study's folder, looked at again and again: of a thousand runs, only what has changed since is read."""

import math
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ablate import bounded, curve, record
from ablate.errors import InputError

Value = TypeVar("Value")
FAILED = ("failed", "unreadable")
NO_RUN = ("missing", "stale")  # or one of another configuration
LOG = 8192  # bytes at the end of a log that are read


@dataclass(frozen=True)
class Seen:
    """A planned run as its folder shows it.

    planned  its entry in study.json
    found    its record, or what is said in its place (`record.read_planned`)
    rows     its epochs so far (`curve.read`)
    log      the last lines of its log, if it failed
    """

    planned: dict[str, Any]
    found: dict[str, Any]
    rows: list[dict[str, float]]
    log: list[str]

    @property
    def status(self) -> str:
        """As `record.read_planned` says."""
        return self.found["status"]

    @property
    def epochs(self) -> int | None:
        """How many are planned; None where the record does not say."""
        planned = (self.found.get("epochs") or {}).get("planned")
        return planned if planned and planned > 0 else None

    @property
    def accuracies(self) -> list[float]:
        """Of validation, epoch by epoch; NaN for what is no accuracy."""
        values = [row.get("val_accuracy", math.nan) for row in self.rows]
        return [value if 0 <= value <= 1 else math.nan for value in values]

    @property
    def pace(self) -> float | None:
        """Seconds an epoch takes, the median; None before the first."""
        taken = [row["seconds"] for row in self.rows if 0 <= row.get("seconds", math.nan) < math.inf]
        return statistics.median(taken) if taken else None


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
        epochs = [] if found["status"] in NO_RUN else self._changed(folder / "metrics.csv", "rows", rows)
        log = self._changed(folder / "train.log", "log", last_lines) if found["status"] in FAILED else []
        return Seen(planned, found, epochs, log)

    def _changed(self, path: Path, what: str, read: Callable[[Path], Value]) -> Value:
        """What `read` returns, called only if the file is another than when it was last."""
        try:
            now = os.stat(path)
            mark = (now.st_mtime_ns, now.st_size, now.st_ino)
        except OSError:
            mark = None
        before, value = self.known.get((path, what), ((), None))
        if before != mark:
            value = read(path)
            self.known[path, what] = (mark, value)
        return value


def rows(path: Path) -> list[dict[str, float]]:
    """`curve.read`; a file that is too large is as good as none."""
    try:
        return curve.read(path)
    except InputError:
        return []


def last_lines(path: Path) -> list[str]:
    """The end of a log, line by line; empty if there is none."""
    try:
        text = bounded.end(path, LOG).decode(errors="replace")
    except OSError:
        return []
    return [line for line in map(printable, text.splitlines()) if line.strip()]


def printable(text: str) -> str:
    """The text without what moves a terminal's cursor: it may be from somebody else."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
