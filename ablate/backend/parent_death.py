"""End a worker process when its parent has ended, even if the parent was killed."""

import multiprocessing
import os
import signal
import threading
import time

POLL_SECONDS = 0.3


def signaled(number: signal.Signals, parent: int) -> None:
    """Send this worker process a signal when its parent, given by its process ID, has ended.

    A worker that lived on would keep the locks that it inherited, for which other processes wait.
    """
    threading.Thread(target=_signal_after, args=[number, parent], daemon=True).start()


def _signal_after(number: signal.Signals, parent: int) -> None:
    while _lives(parent):
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), number)


def _lives(parent: int) -> bool:
    """Whether the parent lives. On Windows, which has no fork, the ID of a parent stays the same after its end."""
    if hasattr(os, "fork"):
        return os.getppid() == parent
    process = multiprocessing.parent_process()
    return process is None or process.is_alive()
