"""Atomic writes: a reader, or a crash at any moment, sees the old content of a file or the new, never a part of it."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from ablate.terminal.errors import InputError

READER_SECONDS = (0.01, 0.05, 0.2, 0.5)  # between attempts to replace a file that is being read
PART = ".ablate-part"  # suffix of a temporary file; a killed process leaves it behind


def check_writable(folder: Path) -> None:
    """Raise InputError if no file can be created in `folder`; called before long work."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(f"{folder} is not writable ({error.strerror}). Choose another folder with --output.") from None


@contextmanager
def part(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file next to `path`; pass it to `commit`, or it is deleted at the end of the block."""
    handle, temporary = tempfile.mkstemp(PART, f".{path.name}.", path.parent)
    try:
        with open(temporary, "wb", opener=lambda *_: handle) as file:  # unlike `os.fdopen`, this sets `file.name`
            yield file
    finally:
        with suppress(FileNotFoundError):  # it was committed
            os.unlink(temporary)


def commit(file: BinaryIO, path: Path, durable: bool = True) -> None:
    """Close a file of `part` and rename it to `path`, replacing an older file.

    Args:
        file: the temporary file.
        path: its final name, in the same folder.
        durable: also survive a crash of the machine, not only of this process (fsync).
    """
    file.flush()
    if durable:
        os.fsync(file.fileno())
    file.close()  # Windows renames no open file
    os.chmod(file.name, 0o666 & ~_umask())  # temporary files are private, run folders are not
    replace(file.name, path)


def write_bytes(path: Path, content: bytes | memoryview, durable: bool = True) -> None:
    """Write `content` to a file atomically; see `commit` for `durable`."""
    with naming(path), part(path) as file:
        file.write(content)
        commit(file, path, durable)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to a file atomically; what UTF-8 lacks is escaped, see `encodable`."""
    write_bytes(path, encodable(text).encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON to a file atomically, as `to_json` does."""
    write_text(path, to_json(content, indent=2) + "\n")


def to_json(content: Any, indent: int | None = None) -> str:
    """JSON that every reader accepts: NaN and infinities, which it lacks, become null; text is `encodable`."""
    return json.dumps(_plain(content), indent=indent)


def encodable(text: str) -> str:
    r"""The text with halves of surrogate pairs escaped, as `\udce9`: UTF-8 lacks them, names of files may have them."""
    return text.encode(errors="backslashreplace").decode()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Add `path` to an OSError raised in the block that names no file, as when the disk is full, or a temporary one."""
    try:
        yield
    except OSError as error:
        # None, or the number of an open file
        if not isinstance(error.filename, str | bytes) or str(error.filename).endswith(PART):
            error.filename = str(path)
        raise


def remove_parts(folder: Path) -> None:
    """Delete the temporary files that killed processes left in the folder of a run, before it is trained."""
    # Not recursively: with hydra.run.dir=. this is the user's working folder.
    for leftover in [*folder.glob(f".*{PART}"), *(folder / "own_code").rglob(f".*{PART}")]:
        leftover.unlink(missing_ok=True)


def replace(source: Path | str, target: Path) -> None:
    """Rename a file, replacing an older one. Windows refuses that while another process reads one of them."""
    for seconds in READER_SECONDS:
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(seconds)
    os.replace(source, target)


@cache
def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {_plain(name): _plain(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if isinstance(content, str):
        return encodable(content)
    if isinstance(content, float) and (content != content or content in (float("inf"), float("-inf"))):
        return None
    return content
