"""Standard output and standard error that never end a process: closed, without a reader, or on a full disk."""

import io
import os
import sys
from contextlib import suppress
from typing import Any


class _Lossy(io.FileIO):
    """An output that discards what it cannot write."""

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Write `data`, or discard it; return its length."""
        try:
            written = super().write(data)
        except OSError:  # no reader (EPIPE), no terminal (EIO), no space (ENOSPC)
            return memoryview(data).nbytes
        return memoryview(data).nbytes if written is None else written  # None: it would block


def open_closed() -> None:
    """Open /dev/null for each standard stream that is closed, as after `>&-`.

    Otherwise the next file that is opened gets its number, and everything that is printed goes into that file.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            os.set_inheritable(null, True)
    sys.stdout = sys.stdout or _text(io.FileIO(1, "w", closefd=False))
    sys.stderr = sys.stderr or _text(io.FileIO(2, "w", closefd=False))


def make_lossy() -> None:
    """Replace this process's standard output and error by ones that discard what they cannot write.

    For training, whose results are files. Other commands must report that their output was not written.
    """
    sys.stdout = _lossy(sys.stdout)
    sys.stderr = _lossy(sys.stderr)


def _lossy(stream: Any) -> Any:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    if type(raw) is not io.FileIO:  # replaced already, by this or by a notebook
        return stream
    with suppress(OSError):
        stream.flush()
    return _text(_Lossy(raw.fileno(), "w", closefd=False), stream.encoding, stream.errors, stream.line_buffering)


def _text(
    raw: io.FileIO, encoding: str | None = None, errors: str | None = None, line: bool = True
) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=line)
