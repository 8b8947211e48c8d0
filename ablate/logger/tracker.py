"""Experiment trackers run in a process of their own, so that none of them can delay, change or end a run."""

import importlib.util
import logging
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, ClassVar, Protocol

from ablate.backend.processes import kill_group
from ablate.logger import Csv, LoggedRun, Row, missing_package
from ablate.terminal.text import printable

log = logging.getLogger(__name__)
WAIT_SECONDS = 20.0  # longest wait at the end of a run for a tracker that uses a server
WAIT_LOCAL_SECONDS = 120.0  # the same for one that writes files, which ends by itself, but slowly on a busy machine
WAIT_AGAIN_SECONDS = 5.0  # the same after an earlier run of this process has waited in vain
WAIT_INTERRUPTED_SECONDS = 2.0  # the same for an interrupted or failed run
LONGEST_REASON = 200  # characters
# With the import path of this process, not with the current folder on it.
COMMAND = "import sys; sys.path[:] = sys.argv[1:]; from ablate.logger.tracker_process import main; main()"


class TrackedRun(Protocol):
    """A run in a tracker, created with a description of the run and the options of the tracker. Any call may fail."""

    def log(self, row: Row) -> None:
        """Log one epoch."""

    def close(self, result: Row | None) -> None:
        """Log the row of the selected epoch, None for an interrupted or failed run, and finish."""


class Tracker(Csv):
    """Writes metrics.csv, and sends the same rows to a tracker.

    A tracker that fails, or does not finish in time, is abandoned with one warning.

    Args:
        run: the run.
        tracked: class of the run in the tracker.
        local: whether it writes files, without a server.
        **options: its further arguments.

    Raises:
        InputError: the package of the tracker is not installed.
    """

    package: ClassVar[str]  # which must be installed
    wait_seconds: ClassVar[float] = WAIT_SECONDS

    def __init__(self, run: LoggedRun, tracked: type[TrackedRun], local: bool, **options: Any) -> None:
        if importlib.util.find_spec(self.package) is None:
            raise missing_package(self.package)
        super().__init__(run)
        self.rows, self.local = 0, local
        self.messages: SimpleQueue[Any] = SimpleQueue()
        self.process: subprocess.Popen[bytes] | None = None
        try:
            # Its own session, so that Ctrl-C reaches only this process, and that it cannot ask for a password.
            self.process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._give_up(f"could not be started ({error})")
            return
        self.sender = threading.Thread(target=_send, args=[self.messages, self.process], daemon=True)
        self.sender.start()
        self.messages.put((tracked, run, options))

    def log(self, row: Row) -> None:
        """Write one row, and pass it on."""
        super().log(row)
        self.rows += 1
        if self.process and self.process.poll() is not None:
            self._give_up(self._failure())
        if self.process:
            self.messages.put(("log", row))

    def close(self, result: Row | None) -> None:
        """Close metrics.csv, and wait for the tracker for a limited time."""
        super().close(result)
        if self.process is None:
            return
        self.messages.put(("close", result))
        wait = WAIT_INTERRUPTED_SECONDS if result is None else WAIT_LOCAL_SECONDS if self.local else self.wait_seconds
        try:
            self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self._give_up(self._timeout(wait))
            type(self).wait_seconds = WAIT_AGAIN_SECONDS
            return
        type(self).wait_seconds = WAIT_SECONDS
        if self.process.returncode:
            self._give_up(self._failure())
        else:
            self._end()

    def _failure(self) -> str:
        logged, reason = self._end()
        return f"failed after {logged} of {self.rows} epochs ({reason or 'its process ended'})"

    def _timeout(self, wait: float) -> str:
        logged, _ = self._end()
        return f"did not finish within {wait:.0f} s and has logged {logged} of {self.rows} epochs"

    def _end(self) -> tuple[int, str]:
        """End the process; return how many epochs it has logged, and why it failed, if it did."""
        process, self.process = self.process, None
        assert process and process.stdin and process.stdout
        with suppress(ProcessLookupError):
            kill_group(process)
        process.wait()
        self.sender.join(1)
        with suppress(OSError):  # a message that was not sent
            process.stdin.close()
        with process.stdout as replies:
            done, _, reason = replies.read().partition(b"\n")
        return max(0, min(len(done) - 1, self.rows)), printable(reason.decode(errors="replace"))[:LONGEST_REASON]

    def _give_up(self, reason: str) -> None:
        """Warn that nothing more is logged."""
        log.warning("logger=%s %s. The run continues without it; metrics.csv has every epoch.", self.package, reason)


def _send(messages: "SimpleQueue[Any]", process: "subprocess.Popen[bytes]") -> None:
    """Send messages to the tracker's process, in a thread since the process may not read them.

    The pipe stays open after the last one: when it closes, the process knows that this one has died.
    """
    assert process.stdin
    verb = None
    try:
        while verb != "close":
            verb, *_ = message = messages.get()
            process.stdin.write(pickle.dumps(message))
            process.stdin.flush()
    except Exception:  # a broken pipe, or a setting that cannot be pickled
        process.kill()
