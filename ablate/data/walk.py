"""What is in a folder of images: its entries, and all files below it."""

import os
from collections.abc import Iterator
from pathlib import Path

from ablate.data.cache import File
from ablate.terminal.errors import InputError

_DESKTOP = {"thumbs.db", "desktop.ini"}  # left by Windows; the other hidden files start with a dot


def files(root: Path, name: str, above: tuple[Path, ...] = ()) -> Iterator[File]:
    """All files below `root`/`name`, in the order of their paths; links are followed."""
    real = (root / name).resolve()
    if real in above:
        raise InputError(f"{root / name} is a link to a folder it lies in. Remove it.")
    for entry in entries(root / name):
        inner = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from files(root, inner, (*above, real))
        else:
            known = _stat(entry)
            yield File(inner, known.st_size, known.st_mtime_ns, known.st_ctime_ns)


def _stat(entry: os.DirEntry[str]) -> os.stat_result:
    try:
        return entry.stat()
    except OSError as error:
        raise InputError(f"{entry.path} cannot be read ({error.strerror}). Replace or remove it.") from error


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, sorted by name, without hidden files."""
    try:
        with os.scandir(folder) as scan:
            visible = [e for e in scan if not e.name.startswith(".") and e.name.lower() not in _DESKTOP]
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be read ({error.strerror}).") from error
    return sorted(visible, key=lambda entry: entry.name)
