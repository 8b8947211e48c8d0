"""`tests.jsonl`: every use of a test set, one per line, in the folder of a study or of a single run.

A line is appended before the result is shown. If that fails, the test set is not used.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from ablate.files import bounded
from ablate.runs import json_file, study_plan, test_result
from ablate.runs.test_result import TestResult, Use
from ablate.terminal.errors import InputError

FILE = "tests.jsonl"
LARGEST = 4 * bounded.MIB  # bytes: 10,000 uses
LONGEST = 16 * bounded.KIB  # bytes of a line
PATIENCE = 60  # seconds for which another process may hold the log


class TestUse(
    Use, frozen=True, kw_only=True, forbid_unknown_fields=False
):  # keys from newer versions are ignored, so that every use counts
    """A line of tests.jsonl: a use, and its run folder relative to the folder of the log."""

    schema: int = json_file.SCHEMA
    run: str

    def __post_init__(self) -> None:
        """Refuse a line without a run or a time that can be printed."""
        if not study_plan.is_name(self.run) or not study_plan.is_name(self.time or ""):
            raise ValueError("no run or no time")


def log_of(run: Path) -> tuple[Path, str]:
    """Return the path of the log for a run, in its study if it has one, and the name of the run in the log."""
    folder = run.resolve()
    study = study_plan.containing(run)
    return (study / FILE, folder.relative_to(study).as_posix()) if study else (folder / FILE, ".")


def read_log(path: Path) -> tuple[Counter[str], int]:
    """Return the number of tests of each run, by its name in the log, and the number of unreadable lines.

    Raises:
        InputError: it is too large, or not a file.
    """
    uses = Counter(use.run if use else None for use in _uses(path))
    unreadable = uses.pop(None, 0)
    return Counter({run: count for run, count in uses.items() if run is not None}), unreadable


def count_looks(path: Path) -> int:
    """Count the looks in a log.

    Uses without a look, from earlier versions, count as the number of such uses of the most tested run.

    Raises:
        InputError: the log is too large, or not a file.
    """
    looks: set[str] = set()
    unnamed: Counter[str] = Counter()
    for use in filter(None, _uses(path)):
        if use.look is None:
            unnamed[use.run] += 1
        elif use.look:
            looks.add(use.look)
    return len(looks) + max(unnamed.values(), default=0)


def count_replaced(path: Path, planned: Mapping[str, str]) -> int:
    """Count the looks at runs of another configuration than planned, such as runs that were retrained later.

    Args:
        path: the log.
        planned: {name of a run in the log: config_sha256}.

    Raises:
        InputError: the log is too large, or not a file.
    """
    uses = [use for use in _uses(path) if use and use.config_sha256]
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
    path, name = log_of(run)
    try:
        with FileLock(path.with_name(f".{FILE}.lock"), timeout=PATIENCE):
            before = count_uses(run)
            use = {field: getattr(result, field) for field in Use.__struct_fields__}
            _append(path, TestUse(run=name, **use))
            result = msgspec.structs.replace(result, uses=before + 1)
            test_result.write(run, result)
    except Timeout:
        raise InputError(
            f"Another process has locked {path} for {PATIENCE} s. Stop it and run the test again."
        ) from None
    return result


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
    with path.open("ab+") as file:
        whole = file.tell() == 0 or os.pread(file.fileno(), 1, file.tell() - 1) == b"\n"
        file.write(b"" if whole else b"\n")
        file.write(json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
