"""Files that may be from somebody else, read only up to a size."""

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


def contents(path: Path, most: int) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: it is larger than `most` bytes; nothing is then read of it.
        OSError: it cannot be read, or is no plain file: a pipe would be waited for, a device has no end.
    """
    with plain(path) as file:
        check(path, "has", os.fstat(file.fileno()).st_size, most)
        return file.read(most)


def end(path: Path, most: int) -> bytes:
    """The last `most` bytes of a file. OSError if it cannot be read, or is no plain file."""
    with plain(path) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - most))
        return file.read(most)


def plain(path: Path) -> io.BufferedReader:
    """The file at a path, to be closed by who asks. OSError if it cannot be read, or is no plain file."""
    file = open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb")  # noqa: SIM115  closed by who asks
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(None, "Not a file", str(path))


def arrays(path: Path, names: Sequence[str], most: int) -> dict[str, "np.ndarray"]:
    """Arrays of an `.npz` by name, none of Python objects.

    Raises:
        InputError: the file, or what it would unpack to, is larger than `most` bytes.
        Exception: numpy and zipfile raise nearly every kind on a damaged file.
    """
    import numpy as np

    content = contents(path, most)
    check_unpacked(path, content, most)
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in names}


def check_unpacked(path: Path, content: bytes, most: int) -> None:
    """Refuse the `content` of a zip file whose members are larger than `most` bytes together.

    Raises:
        InputError: they are.
        zipfile.BadZipFile: it is no zip file.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check(path, "would unpack to", sum(member.file_size for member in archive.infolist()), most)


def check(path: Path, does: str, size: int, most: int) -> None:
    """InputError if `size` is more than `most` bytes; `does` is what the file at `path` does with them."""
    if size > most:
        raise InputError(f"{path} {does} {size:,} bytes, more than the {most:,} that are read. It is not used.")
