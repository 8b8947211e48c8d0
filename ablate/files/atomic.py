"""Files that are written whole or not at all: a reader, or a crash at any moment, sees the old content or the new."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from ablate.terminal.errors import InputError

PART = ".ablate-part"  # the end of the name of a file that is being written, or was when its process was killed


def check_writable(folder: Path) -> None:
    """Refuse a folder in which no file can be made: before the work, not after it."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(f"{folder} cannot be written to ({error.strerror}). Say where else: --output.") from None


def write_bytes(path: Path, content: bytes | memoryview, durable: bool = True) -> None:
    """Write a file so that a reader, or a crash at any moment, sees the old content or the new, never a part.

    What is not `durable` is safe when this process ends, not when the machine does.
    """
    handle, temporary = tempfile.mkstemp(PART, f".{path.name}.", path.parent)
    try:
        with naming(path), os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp's files are private, a run folder is not
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):  # an interrupt may come just after the replacement: it must stay one
            os.unlink(temporary)
        raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An error of the system in the block that names no file, as when a disk is full, names this one."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def remove_parts(folder: Path) -> None:
    """Remove what kills have left half-written in the folder of a run that is about to be trained."""
    # Not in all folders below it: it may be the one that the user works in (hydra.run.dir=.).
    for part in [*folder.glob(f".*{PART}"), *(folder / "own_code").rglob(f".*{PART}")]:
        part.unlink(missing_ok=True)


@cache
def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of UTF-8 text."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """`write_bytes` of JSON; a NaN is written as null, which every reader knows."""
    write_text(path, json.dumps(_finite(content), indent=2) + "\n")


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    if isinstance(content, float) and (content != content or content in (float("inf"), float("-inf"))):
        return None
    return content
