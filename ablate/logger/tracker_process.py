"""The process of a tracker: receives the run, its rows and its end, and passes them on.

It writes one byte to standard output for each message that it has passed on; if one fails, a line break and the reason.
"""

import os
import pickle
import threading
import time
from queue import SimpleQueue
from typing import Any, BinaryIO

ORPHAN_SECONDS = 10.0  # to finish after the death of the process that trains


def main() -> None:
    """Pass messages on until the run is closed, or until its process has died. Exit status 1 after a failure."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)  # a tracker must neither read the messages nor write replies
    os.dup2(null, 1)
    messages: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=[requests, messages], daemon=True).start()
    try:
        _pass_on(messages, replies)
    except BaseException as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        os.write(replies, f"\n{reason}".encode(errors="replace"))
        os._exit(1)
    os._exit(0)  # without the exit handlers of the tracker, which may wait


def _pass_on(messages: "SimpleQueue[Any]", replies: int) -> None:
    tracked, run, options = messages.get()
    target = tracked(run, **options)
    verb = "open"
    os.write(replies, b".")
    while verb != "close":
        verb, row = messages.get()
        target.close(row) if verb == "close" else target.log(row)
        os.write(replies, b".")


def _receive(requests: BinaryIO, messages: "SimpleQueue[Any]") -> None:
    """Queue all messages, so that the sender does not wait; limit the lifetime of this process after the last one."""
    try:
        while True:
            messages.put(pickle.load(requests))
    except Exception:  # the end of the messages, or the death of the sender
        messages.put(("close", None))  # not read after another one
    time.sleep(ORPHAN_SECONDS)
    os._exit(1)
