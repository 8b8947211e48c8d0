"""Reads with a size limit, for files that may come from an untrusted source."""

import io
import os
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import numpy as np

KIB, MIB, GIB = 2**10, 2**20, 2**30


def contents(path: Path, limit: int) -> bytes:
    """Read a file of at most `limit` bytes.

    Raises:
        InputError: the file is larger; nothing of it is read.
        OSError: it cannot be read or is not a regular file. A read from a pipe might block, and one from a device such
            as /dev/zero might never end.
    """
    with open_regular(path) as file:
        check(path, "has", os.fstat(file.fileno()).st_size, limit)
        return file.read(limit)


def tail(path: Path, limit: int) -> bytes:
    """Read the last `limit` bytes of a file. Raises OSError if it cannot be read or is not a regular file."""
    with open_regular(path) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - limit))
        return file.read(limit)


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file for reading. Raises OSError if it cannot be read or is not a regular file (a pipe, a device)."""
    file = open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb")  # noqa: SIM115  closed by the caller
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(None, "Not a file", str(path))


def arrays(path: Path, names: Sequence[str], limit: int, optional: Sequence[str] = ()) -> dict[str, "np.ndarray"]:
    """Read arrays from an `.npz` file by name, the `optional` ones if it has them; arrays of objects are refused.

    Raises:
        InputError: the file, or its unpacked content, is larger than `limit` bytes.
        Exception: any other kind, since numpy and zipfile raise many different ones for a damaged file.
    """
    import numpy as np

    content = contents(path, limit)
    check_unpacked(path, content, limit)
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in [*names, *(name for name in optional if name in file)]}


def check_unpacked(path: Path, content: bytes, limit: int) -> None:
    """Check the total unpacked size of a zip file.

    Args:
        path: the file, for the message.
        content: its bytes.
        limit: largest size allowed, in bytes.

    Raises:
        InputError: the total size of its members exceeds the limit.
        zipfile.BadZipFile: it is not a zip file.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check(path, "would unpack to", sum(member.file_size for member in archive.infolist()), limit)


def check(path: Path, verb: str, size: int, limit: int) -> None:
    """Raise InputError if `size` exceeds `limit` bytes; `verb` links path and size in the message, such as `has`."""
    if size > limit:
        raise InputError(f"{path} {verb} {size:,} bytes, more than the limit of {limit:,}. It was not read.")
