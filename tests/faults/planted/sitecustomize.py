"""A fault planted into every Python process that has this folder on its PYTHONPATH.

FAULT is the kind, FAULT_AT the number of the change to a study's folder at which it comes: a file opened to be written,
given another name or mode, or removed.
"""

import ctypes
import os
import resource
import signal
import sys
import time

KIND, AT = os.environ.get("FAULT"), int(os.environ.get("FAULT_AT", "0"))
CHANGES = ("os.rename", "os.remove", "os.chmod")
ROOM = 150  # bytes: the end of a header of metrics.csv, and the middle of all other files
seen = 0


def changes(event: str, arguments: tuple) -> bool:
    """True for what changes a study's folder."""
    if event == "open":
        path, _, flags = arguments
        return isinstance(path, str) and "outputs" in path and bool(flags & (os.O_WRONLY | os.O_RDWR))
    path = arguments[0]  # or the number of an open file
    return event in CHANGES and isinstance(path, str | os.PathLike) and "outputs" in os.fspath(path)


def planted(event: str, arguments: tuple) -> None:
    """Count, and at the moment have the fault happen."""
    global seen
    if event not in ("open", *CHANGES) or not changes(event, arguments):
        return
    seen += 1
    if counting := os.environ.get("FAULT_COUNT"):
        handle = os.open(counting, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, f"{event}\n".encode())
        os.close(handle)
    if seen == AT:
        FAULTS[KIND]()


def kill() -> None:
    """End before the change is made."""
    os.kill(os.getpid(), signal.SIGKILL)


def torn() -> None:
    """End in the middle of the next write: the system writes its first bytes, and kills."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).signal(
        signal.SIGXFSZ, 0
    )  # SIG_DFL, which Python has ignored; its own function needs the main thread
    full()


def full() -> None:
    """Nothing longer than a few bytes can be written from here on."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))


def back() -> None:
    """The clock is put back by a day."""
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() - 86_400
    time.time_ns = lambda: now_ns() - 86_400 * 10**9


FAULTS = {"kill": kill, "torn": torn, "full": full, "back": back}
if KIND or "FAULT_COUNT" in os.environ:
    sys.addaudithook(planted)
    monotonic = time.monotonic
    time.monotonic = lambda: 1000 * monotonic()  # epochs of milliseconds take seconds, and have a checkpoint each
