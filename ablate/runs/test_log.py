"""`tests.jsonl`: every use of a test set, one per line, in the folder of a study or of a single run.

A line is appended before the result is shown. If that fails, the test set is not used.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock, Timeout

from ablate.files import atomic, bounded
from ablate.runs import json_file, other_test, study_plan, test_result
from ablate.runs.other_test import OtherTestResult
from ablate.runs.test_result import TestResult, Use
from ablate.runs.valid_names import is_name
from ablate.terminal.errors import InputError

FILE = "tests.jsonl"
LARGEST = 4 * bounded.MIB  # bytes: 10,000 uses
LONGEST = 16 * bounded.KIB  # bytes of a line
PATIENCE = 60  # seconds for which another process may hold the log


class TestUse(
    Use, frozen=True, kw_only=True, forbid_unknown_fields=False
):  # keys from newer versions are ignored, so that every use counts
    """A line of tests.jsonl: a use, and its run folder relative to the folder of the log.

    Attributes:
        on: name of another test set than the run's own, of which `test_sha256` is then the hash.
        own: whether the images are those of the run's own test set, if only corrupted, so that the use counts as one.
    """

    schema: int = json_file.SCHEMA
    run: str
    on: str | None = None
    own: bool = True

    def __post_init__(self) -> None:
        """Refuse a line without a run, a time or a test set that can be printed."""
        if not is_name(self.run) or not is_name(self.time or "") or not is_name(self.on or "own"):
            raise ValueError("no run or no time")


def log_of(run: Path) -> tuple[Path, str]:
    """Return the path of the log for a run, in its study if it has one, and the name of the run in the log."""
    folder = run.resolve()
    study = study_plan.containing(run)
    return (study / FILE, folder.relative_to(study).as_posix()) if study else (folder / FILE, ".")


def read_log(path: Path) -> tuple[Counter[str], int]:
    """Return the number of tests of each run on its test set, by its name in the log, and that of unreadable lines.

    Raises:
        InputError: it is too large, or not a file.
    """
    uses = Counter(use.run if use else None for use in _uses(path) if use is None or use.own)
    unreadable = uses.pop(None, 0)
    return Counter({run: count for run, count in uses.items() if run is not None}), unreadable


def count_looks(path: Path) -> int:
    """Count the looks at the runs' own test set in a log.

    Uses without a look, from earlier versions, count as the number of such uses of the most tested run.

    Raises:
        InputError: the log is too large, or not a file.
    """
    looks: set[str] = set()
    unnamed: Counter[str] = Counter()
    for use in _uses(path):
        if use is None or not use.own:
            continue
        if use.look is None:
            unnamed[use.run] += 1
        elif use.look:
            looks.add(use.look)
    return len(looks) + max(unnamed.values(), default=0)


def count_others(path: Path) -> dict[str, tuple[int, int]]:
    """Count the looks at other test sets, and the runs that were tested: {name of the test set: (looks, runs)}.

    Raises:
        InputError: the log is too large, or not a file.
    """
    looks: dict[str, set[str | None]] = {}
    runs: dict[str, set[str]] = {}
    for use in filter(None, _uses(path)):
        if use.on is not None:
            looks.setdefault(use.on, set()).add(use.look or use.time)
            runs.setdefault(use.on, set()).add(use.run)
    return {name: (len(looks[name]), len(runs[name])) for name in looks}


def count_replaced(path: Path, planned: Mapping[str, str]) -> int:
    """Count the looks at runs of another configuration than planned, such as runs that were retrained later.

    Args:
        path: the log.
        planned: {name of a run in the log: config_sha256}.

    Raises:
        InputError: the log is too large, or not a file.
    """
    uses = [use for use in _uses(path) if use and use.own and use.config_sha256]
    return len({use.look or use.time for use in uses if planned.get(use.run, use.config_sha256) != use.config_sha256})


def _uses(path: Path) -> Iterator[TestUse | None]:
    """The uses in a log, one per line; None for a line that is unreadable."""
    try:
        yield from (_use(line) for line in bounded.lines(path, LARGEST, LONGEST) if line.strip())
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None


def _use(line: bytes) -> TestUse | None:
    """Parse a line of the log; None if it is not a valid record."""
    try:
        return msgspec.convert(json.loads(line), TestUse)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None


def record_use(run: Path, result: TestResult) -> TestResult:
    """Append a use to the log of the run, then write the result and the number of uses so far to test.json.

    Raises:
        InputError: the log or an earlier result cannot be used, or another process holds the log.
        OSError: they cannot be written.
    """
    with _locked(run) as (path, name):
        result = msgspec.structs.replace(result, uses=count_uses(run) + 1)
        _append(path, TestUse(run=name, **_use_of(result)))
        test_result.write(run, result)
    return result


def record_other_use(run: Path, result: OtherTestResult) -> None:
    """Append the use of another test set to the log of the run, then write the result to test-on/; see `record_use`."""
    with _locked(run) as (path, name):
        _append(path, TestUse(run=name, on=result.name, own=result.own, **_use_of(result)))
        other_test.write(run, result)


@contextmanager
def _locked(run: Path) -> Iterator[tuple[Path, str]]:
    """Hold the log of a run: its path, and the name of the run in it. InputError if another process holds it."""
    path, name = log_of(run)
    try:
        with FileLock(path.with_name(f".{FILE}.lock"), timeout=PATIENCE):
            yield path, name
    except Timeout:
        raise InputError(
            f"Another process has locked {path} for {PATIENCE} s. Stop it and run the test again."
        ) from None


def _use_of(result: Use) -> dict[str, Any]:
    """The fields of a result that its line in the log has."""
    return {field: getattr(result, field) for field in Use.__struct_fields__}


def count_uses(run: Path) -> int:
    """Count the tests of a run: the larger count of the log and test.json, since a copied run has no log."""
    path, name = log_of(run)
    result = test_result.read(run)
    recorded = result.uses if result else int((run / test_result.FILE).exists())
    return max(recorded, read_log(path)[0][name])


def _append(path: Path, use: TestUse) -> None:
    """Append a line and sync it to disk. An incomplete last line, from a crash, is ended first."""
    content = msgspec.to_builtins(use)
    line = {"schema": use.schema, "run": use.run, **content}
    if use.on is None:
        del line["on"], line["own"]
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            file.write(b"" if file.read(1) == b"\n" else b"\n")  # in append mode, written at the end
        file.write(atomic.to_json(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
