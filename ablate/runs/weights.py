"""Weights that a configuration names, such as those of a teacher: their content is part of a run's identity."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ablate.files import bounded
from ablate.terminal.errors import InputError

# Key of a configuration -> the file of weights that its value names.
FILES: dict[str, Callable[[str], Path]] = {"loss.teacher": lambda run: Path(run) / "model.pt"}


def hashes(settings: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of each file of weights that the settings of a run name, by the key that names it.

    Raises:
        InputError: there is no such file.
    """
    named = {key: _value(settings, key) for key in FILES}
    return {key: _sha256(key, FILES[key](value)) for key, value in named.items() if isinstance(value, str)}


def _value(settings: Any, key: str) -> Any:
    for name in key.split("."):
        settings = settings.get(name) if isinstance(settings, dict) else None
    return settings


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
