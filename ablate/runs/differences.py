"""What differs between two runs: configuration, code, environment and outcome."""

import hashlib
import os
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ablate.config.flatten import flat
from ablate.files import bounded
from ablate.runs import epochs, record
from ablate.terminal.text import ABSENT, printable

Difference = tuple[str, str, str, str]  # part, key, of the one, of the other
LARGEST = 16 * bounded.GIB  # bytes of model.pt and val_predictions.npz
TIMED = ("seconds", "images_per_second")  # columns of metrics.csv that no two runs share


def diff(one: Path, other: Path) -> list[Difference]:
    """(part, key, of the one, of the other) of all that differs, times aside. InputError if either is no run."""
    parts = zip(_parts(one), _parts(other), strict=True)
    return [(part, *rest) for (part, mine), (_, theirs) in parts for rest in differing(mine, theirs)]


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(key, of the one, of the other) of the keys whose values differ, printable; a dash where one has no such key."""
    keys = dict.fromkeys([*one, *other])
    pairs = [(key, one.get(key, ABSENT), other.get(key, ABSENT)) for key in keys]
    different = [row for row in pairs if row[1] != row[2]]
    return [(printable(str(key)), printable(str(mine)), printable(str(theirs))) for key, mine, theirs in different]


def _parts(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """What is compared of a run, part by part."""
    run = record.read_run(folder)
    written = record.read_config(folder, trusted=True)  # as it is written: nothing of it is evaluated
    settings = {
        key: value for key, value in flat(written, resolve=False).items()
        if key.split(".")[0] not in record.NOT_TRAINED
    }  # fmt: skip
    own = {name: digest[:12] for name, digest in (run.get("own_code") or {}).items()}
    code = {"code_sha256": run.get("code_sha256"), "own_code": own or ABSENT, **(run.get("git") or {})}
    environment = {**(run.get("environment") or {}), "data_sha256": run.get("data_sha256")}
    outcome = {"status": run["status"], **(run.get("epochs") or {}), **(run.get("metrics") or {})}
    outcome |= {"metrics.csv": _curve(folder / "metrics.csv"), "model.pt": _content(folder / "model.pt")}
    outcome["val_predictions.npz"] = _content(folder / "val_predictions.npz")
    return [("configuration", settings), ("code", code), ("environment", environment), ("outcome", outcome)]


def _curve(path: Path) -> str:
    """Hash of the epochs without their times."""
    try:
        text = bounded.contents(path, epochs.MOST).decode(errors="replace")
    except OSError:
        return ABSENT
    header, *rows = [line.split(",") for line in text.splitlines()] or [[]]
    untimed = [[field for name, field in zip_longest(header, row) if name not in TIMED] for row in (header, *rows)]
    return hashlib.sha256(repr(untimed).encode()).hexdigest()[:12]


def _content(path: Path) -> str:
    """Hash of a file; InputError if it is larger than `LARGEST`."""
    try:
        with bounded.open_regular(path) as file:
            bounded.check(path, "has", os.fstat(file.fileno()).st_size, LARGEST)
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError:
        return ABSENT
