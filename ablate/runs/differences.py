"""Compare two runs: configuration, code, environment and results."""

import hashlib
import os
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from ablate.config.flatten import flat
from ablate.files import bounded
from ablate.runs import epochs, run_record
from ablate.runs.config_defaults import with_defaults
from ablate.runs.config_hash import NOT_TRAINED
from ablate.runs.json_file import Record
from ablate.runs.read_config import read_config
from ablate.terminal.text import ABSENT, printable

Difference = tuple[str, str, str, str]  # part, key, value in one run, value in the other
LARGEST = 16 * bounded.GIB  # bytes of model.pt and val_predictions.npz
TIMED = ("seconds", "images_per_second")  # columns of metrics.csv that differ between any two runs


def diff(one: Path, other: Path) -> list[Difference]:
    """Each value that differs, times aside. A key that a configuration lacks counts as its default.

    InputError if either is not a run.
    """
    parts = zip(_parts(one), _parts(other), strict=True)
    return [(part, *row) for (part, first), (_, second) in parts for row in differing(first, second)]


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(key, value in one, value in other) of the keys whose values differ, printable; a dash for an absent key."""
    keys = dict.fromkeys([*one, *other])
    pairs = [(key, one.get(key, ABSENT), other.get(key, ABSENT)) for key in keys]
    different = [row for row in pairs if row[1] != row[2]]
    return [(printable(str(key)), printable(str(first)), printable(str(second))) for key, first, second in different]


def _parts(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """The parts of a run that are compared, and the values of each."""
    record = run_record.read(folder)
    recorded = read_config(folder, trusted=True)  # as data: interpolations are not evaluated
    settings = flat(recorded if record.app else with_defaults(recorded), resolve=False)
    settings = {key: value for key, value in settings.items() if key.split(".")[0] not in NOT_TRAINED}
    user_code = {name: digest[:12] for name, digest in record.own_code.items()}
    code = {"code_sha256": record.code_sha256, "own_code": user_code or ABSENT, **_plain(record.git)}
    settings |= {f"{key} (SHA-256)": digest[:12] for key, digest in (record.weights or {}).items()}
    environment = {**(record.environment.as_dict() if record.environment else {}), "data_sha256": record.data_sha256}
    results = {"status": record.status, **_plain(record.epochs), **(record.metrics or {})}
    results |= {epochs.FILE: _curve(folder / epochs.FILE), "model.pt": _content(folder / "model.pt")}
    results["val_predictions.npz"] = _content(folder / "val_predictions.npz")
    known = {"code": _known(code), "environment": _known(environment), "results": _known(results)}
    return [("configuration", settings), *known.items()]


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without those that a record leaves open, which are absent."""
    return {name: value for name, value in values.items() if value is not None}


def _plain(part: Record | None) -> dict[str, Any]:
    return msgspec.to_builtins(part) if part else {}


def _curve(path: Path) -> str:
    """Hash of the epochs without their times."""
    try:
        digest, header = hashlib.sha256(), None
        for line in bounded.lines(path, epochs.LARGEST, epochs.LONGEST):
            row = line.decode(errors="replace").strip().split(",")
            header = header or row
            untimed = [field for name, field in zip_longest(header, row) if name not in TIMED]
            digest.update(repr(untimed).encode())
        return digest.hexdigest()[:12]
    except OSError:
        return ABSENT


def _content(path: Path) -> str:
    """Hash of a file; InputError if it is larger than `LARGEST`."""
    try:
        with bounded.open_regular(path) as file:
            bounded.check(path, "has", os.fstat(file.fileno()).st_size, LARGEST)
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError:
        return ABSENT
