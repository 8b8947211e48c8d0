"""Weights that a configuration names, pretrained or of a teacher: their content is part of a run's identity."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from ablate.files import bounded
from ablate.terminal.errors import InputError

DEFAULT = "default"  # value of `model.weights`: those of the library, which Environment.default_weights records


def place(value: str) -> Path:
    """The file or folder that a value names: relative to the current folder, or `~` for the user's own."""
    return Path(value).expanduser()


def pretrained(value: str) -> Path | None:
    """The file of `model.weights`; None for those of the library."""
    return None if value == DEFAULT else place(value)


# Key of a configuration -> the file of weights that its value names, if any.
FILES: dict[str, Callable[[str], Path | None]] = {
    "loss.teacher": lambda run: place(run) / "model.pt",
    "model.weights": pretrained,
}
# Key of a configuration -> the flag of `ablate reproduce` for its value, if that has moved.
FLAGS = {"loss.teacher": "--teacher", "model.weights": "--weights"}


def hashes(settings: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of each file of weights that the settings of a run name, by the key that names it.

    Raises:
        InputError: there is no such file.
    """
    values = {key: _value(settings, key) for key in FILES}
    named = {key: value for key, value in values.items() if isinstance(value, str) and value != MISSING}
    files = {key: FILES[key](value) for key, value in named.items()}
    return {key: _sha256(key, path) for key, path in files.items() if path}


def _value(settings: Mapping[str, Any], key: str) -> Any:
    """The value of a key of an option of this package; None for user code, whose keys have another meaning."""
    group, _, name = key.partition(".")
    option = settings.get(group)
    is_ours = isinstance(option, dict) and str(option.get("_target_", "ablate.")).startswith("ablate.")
    return option.get(name) if isinstance(option, dict) and is_ours else None


def _sha256(key: str, path: Path) -> str:
    try:
        status = path.stat()
        return _digest(path, status.st_size, status.st_mtime_ns)
    except OSError:
        raise InputError(f"{key}: there is no file {path}. Set {key} to one that exists.") from None


@cache
def _digest(path: Path, size: int, modified: int) -> str:
    """SHA-256 of a file; of one that many runs of a study name, only once."""
    with bounded.open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
