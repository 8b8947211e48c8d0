"""What a test set was used for: a run's `test.json`, and `tests.jsonl`, a line a use, of its study or of itself.

The log is only ever added to, and before a result is told: a use that cannot be written down is not made.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ablate.files import atomic, bounded
from ablate.runs import record, schema
from ablate.terminal.errors import InputError

LOG, RESULT = "tests.jsonl", "test.json"
MOST = 64 * bounded.MIB  # bytes of either: a thousand classes have a confusion matrix of 10
PATIENCE = 60  # seconds for which another process may write its own
USE: dict[str, schema.Check] = {"time": schema.name, "run": schema.name}
BAND: dict[str, schema.Check] = {
    "rubric": schema.name, "mark": schema.number, "band": schema.name,
    "interval_marks": schema.every(schema.number), "interval_bands": schema.every(schema.name),
}  # fmt: skip
MISTAKE: dict[str, schema.Check] = {
    "index": schema.seed, "label": schema.seed, "predicted": schema.seed, "confidence": schema.fraction,
}  # fmt: skip
TESTED: dict[str, schema.Check] = {
    "images": schema.positive, "accuracy": schema.fraction, "loss": schema.number,
    "accuracy_interval": schema.interval,
    "per_class_accuracy": schema.named(schema.optional(schema.fraction)),
    "per_class_interval": schema.named(schema.optional(schema.interval)),
    "calibration_error": schema.fraction, "reliability": schema.every(schema.every(schema.number)),
    "confusion": schema.every(schema.every(schema.seed)), "mistakes": schema.every(schema.of(MISTAKE)),
    "mark": schema.optional(schema.of(BAND)), "uses": schema.positive, "config_sha256": schema.text,
}  # fmt: skip


def log_of(run: Path) -> tuple[Path, str]:
    """The log in which the uses of a run are written, and the run's name there: its study's, or else its own."""
    place = run.resolve()
    study = next((folder for folder in place.parents if (folder / "study.json").is_file()), None)
    return (study / LOG, place.relative_to(study).as_posix()) if study else (place / LOG, ".")


def read_log(path: Path) -> tuple[Counter[str], int]:
    """How often each run was tested, by its name in the log; and how many lines of the log cannot be read.

    Raises:
        InputError: it is too large, or no file.
    """
    try:
        lines = bounded.contents(path, MOST).splitlines()
    except FileNotFoundError:
        return Counter(), 0
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    runs = [_run(line) for line in lines if line.strip()]
    return Counter(run for run in runs if run is not None), runs.count(None)


def _run(line: bytes) -> str | None:
    """The run that a line of a log is of; None for what is no such line."""
    try:
        use = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return use["run"] if schema.of(USE)(use) else None


def read_result(run: Path) -> dict[str, Any] | None:
    """The `test.json` of a run; None if there is none, or one of an earlier version, which has less.

    Raises:
        InputError: it is damaged, or of something else.
    """
    path = Path(run) / RESULT
    if not os.path.lexists(path):
        return None
    found = record.read_json(path, "a tested run", MOST)
    if "uses" not in found and schema.fraction(found.get("accuracy")):
        return None
    lacking = [key for key in TESTED if key not in found]
    if reason := f"no {lacking[0]}" if lacking else schema.wrong(found, TESTED) or _apart(found):
        raise InputError(f"{path} is not the result of a test: it has {reason}. Move it away, and test the run again.")
    return found


def _apart(found: dict[str, Any]) -> str:
    """What in a result does not fit its classes; empty if all does."""
    k = len(found["per_class_accuracy"])
    if set(found["per_class_interval"]) != set(found["per_class_accuracy"]):
        return "per_class_interval of other classes"
    if [len(row) for row in found["confusion"]] != [k] * k:
        return f"a confusion that is not {k} by {k}"
    if any(len(row) != 3 for row in found["reliability"]):
        return "a reliability whose rows are not three numbers"
    if any(max(mistake["label"], mistake["predicted"]) >= k for mistake in found["mistakes"]):
        return "a mistake of a class there is not"
    return ""


def keep(run: Path, use: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Write a use into the run's log, then the result, with how often the run was tested by then, into its test.json.

    Raises:
        InputError: the log or an earlier result cannot be used, or another process does not let go of the log.
        OSError: they cannot be written.
    """
    path, name = log_of(run)
    try:
        with FileLock(path.with_name(f".{LOG}.lock"), timeout=PATIENCE):
            before = earlier(run)
            _append(path, {"schema": record.SCHEMA, "run": name, **use})
            result = {"schema": record.SCHEMA, "uses": before + 1, **result}
            atomic.write_json(run / RESULT, result)
    except Timeout:
        raise InputError(f"Another process has held {path} for {PATIENCE} s. End it, and test again.") from None
    return result


def earlier(run: Path) -> int:
    """How often the run was tested until now, by its log or its own result: a copy of a run has left its log behind."""
    path, name = log_of(run)
    found = read_result(run)
    own = found["uses"] if found else int((run / RESULT).exists())
    return max(own, read_log(path)[0][name])


def _append(path: Path, line: dict[str, Any]) -> None:
    """Add a line to a file, on disk before this returns; what a crash left of another line stays apart from it."""
    with path.open("ab+") as file:
        whole = file.tell() == 0 or os.pread(file.fileno(), 1, file.tell() - 1) == b"\n"
        file.write(b"" if whole else b"\n")
        file.write(json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
