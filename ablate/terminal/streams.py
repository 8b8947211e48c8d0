"""Standard output and standard error that are closed, without a reader, or on a full disk."""

import io
import os
import sys
from contextlib import suppress
from typing import Any

OUTPUT = "Standard output"  # as errors name it


class _Lossy(io.FileIO):
    """An output that discards what it cannot write."""

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Write `data`, or discard it; return its length."""
        try:
            written = super().write(data)
        except OSError:  # no reader (EPIPE), no terminal (EIO), no space (ENOSPC)
            return memoryview(data).nbytes
        return memoryview(data).nbytes if written is None else written  # None: it would block


class _Named(io.FileIO):
    """An output whose errors name it."""

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Write `data`; return its length."""
        try:
            return super().write(data)
        except OSError as error:
            error.filename = OUTPUT
            raise


def prepare() -> None:
    """Make an error of standard output name it, and what cannot be written to standard error be discarded.

    The exit status is then that of the command, and not of its messages.
    """
    open_closed()
    sys.stdout = _over(_Named, sys.stdout)
    sys.stderr = _over(_Lossy, sys.stderr)


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
    sys.stdout = sys.stdout or _unbuffered(1)
    sys.stderr = sys.stderr or _unbuffered(2)


def _unbuffered(number: int) -> Any:
    raw: Any = io.FileIO(number, "w", closefd=False)
    return io.TextIOWrapper(raw, write_through=True)


def make_lossy() -> None:
    """Replace this process's standard output and error by ones that discard what they cannot write.

    For training, whose results are files. Other commands must report that their output was not written.
    """
    sys.stdout = _over(_Lossy, sys.stdout)
    sys.stderr = _over(_Lossy, sys.stderr)


def _over(kind: type[io.FileIO], stream: Any) -> Any:
    """The stream with a file of this kind below it."""
    buffer = getattr(stream, "buffer", None)
    raw: Any = getattr(buffer, "raw", buffer)  # with PYTHONUNBUFFERED there is no buffer
    if type(raw) not in (io.FileIO, _Named):  # replaced already, by this or by a notebook
        return stream
    with suppress(OSError):
        stream.flush()
    file = kind(raw.fileno(), "w", closefd=False)
    options = {"line_buffering": stream.line_buffering, "write_through": stream.write_through}
    target: Any = file if raw is buffer else io.BufferedWriter(file)
    return io.TextIOWrapper(target, stream.encoding, stream.errors, **options)
