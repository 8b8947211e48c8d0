"""Paths of a study against the length that Windows allows, before anything trains."""

import sys
from collections.abc import Iterable
from pathlib import Path

from ablate.files.atomic import PART
from ablate.runs import predictions
from ablate.terminal.errors import InputError

WINDOWS = 259  # characters of a path, unless long paths are enabled
# A temporary file, which has the longest name in a run folder: `mkstemp` adds eight characters.
LONGEST_NAME = f".{predictions.FILE}.12345678{PART}"


def limit() -> int | None:
    """The largest length of a path on this system, in characters; None where only single names are limited."""
    if sys.platform != "win32":
        return None
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:
            return None if winreg.QueryValueEx(key, "LongPathsEnabled")[0] else WINDOWS
    except OSError:  # before Windows 10
        return WINDOWS


def check_lengths(study: Path, folders: Iterable[str], longest: int | None) -> None:
    """Raise InputError if a file of a run would have a path that is too long.

    Args:
        study: folder of the study.
        folders: of its runs, relative to it.
        longest: `limit()`.
    """
    if longest is None:
        return
    path = max((str(study.absolute() / folder / LONGEST_NAME) for folder in folders), key=len, default="")
    if len(path) > longest:
        raise InputError(
            f"The files of {Path(path).parent} would have paths of {len(path)} characters, but Windows allows"
            f" {longest}. Use a shorter folder, hydra.sweep.dir=FOLDER, or enable long paths in Windows"
            " (LongPathsEnabled)."
        )
