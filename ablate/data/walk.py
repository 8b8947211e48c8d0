"""Listings of a folder of images: its entries, and all files below it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ablate.data.cache import File
from ablate.terminal.errors import InputError

# Created by Windows, macOS and network storage, with thumbnails or deleted files; other hidden files start with a dot.
_HIDDEN = {"thumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "__macosx", "lost+found"}
_HIDDEN |= {"@eadir", "#recycle", "@recycle", "#snapshot", "@tmp"}


def files(root: Path, name: str, above: tuple[Path, ...] = ()) -> Iterator[File]:
    """Yield all files below `root`/`name`, sorted by path. Follows links.

    Args:
        root: folder that the names of the files are relative to.
        name: folder below it.
        above: resolved folders on the way here, to detect a link that leads back.

    Raises:
        InputError: a link leads back to a folder above it, or a file or folder cannot be read.
    """
    real = (root / name).resolve()
    if real in above:
        raise InputError(f"{root / name} is a link to a folder above it. Remove it.")
    for entry in entries(root / name):
        inner = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from files(root, inner, (*above, real))
        else:
            state = _stat(entry)
            yield File(inner, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def listed_file(root: Path, name: str) -> File | None:
    """The file `root`/`name`; None if there is no such file."""
    try:
        state = os.stat(os.path.join(root, name))
    except (OSError, ValueError):  # ValueError: a name with a zero byte
        return None
    return File(name, state.st_size, state.st_mtime_ns, state.st_ctime_ns) if stat.S_ISREG(state.st_mode) else None


def _stat(entry: os.DirEntry[str]) -> os.stat_result:
    try:
        return entry.stat()
    except OSError as error:
        raise InputError(f"{entry.path} cannot be read ({error.strerror}). Replace or remove it.") from error


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder without hidden files, sorted by name. Raises InputError if it cannot be read."""
    try:
        with os.scandir(folder) as scan:
            visible = [e for e in scan if not e.name.startswith(".") and e.name.lower() not in _HIDDEN]
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be read ({error.strerror}).") from error
    return sorted(visible, key=lambda entry: entry.name)
