"""Reads with a size limit, for files that may come from an untrusted source."""

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ablate.terminal.errors import InputError

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


def lines(path: Path, limit: int, longest: int) -> Iterator[bytes]:
    """Yield the lines of a file of at most `limit` bytes with their line breaks. One over `longest` bytes is split.

    Raises:
        InputError: the file is larger; nothing of it is read.
        OSError: it cannot be read or is not a regular file.
    """
    with open_regular(path) as file:
        check(path, "has", os.fstat(file.fileno()).st_size, limit)
        while line := file.readline(longest):
            yield line


def check(path: Path, verb: str, size: int, limit: int) -> None:
    """Raise InputError if `size` exceeds `limit` bytes; `verb` links path and size in the message, such as `has`."""
    if size > limit:
        raise InputError(f"{path} {verb} {size:,} bytes, more than the limit of {limit:,}. It was not read.")
