"""Run a part of a benchmark as a process with a time limit, and keep what it measured."""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any


def run(command: Sequence[str], folder: Path, log: Path, deadline: float, row: Callable[[dict[str, Any]], None]) -> str:
    """Run a command and pass on each JSON object that it prints on a line of its own.

    When the command ends, or when its time is over, every process that it started in its session is killed.

    Args:
        command: the program and its arguments.
        folder: its working folder.
        log: file for its error output.
        deadline: when it is killed, in seconds of `time.monotonic`.
        row: called with each object at once.

    Returns:
        The reason for a failure: the time limit, or the last line of the log; empty if the exit status is 0.
    """
    limit = deadline - time.monotonic()
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True, cwd=folder
        )
        rows: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=_read, args=(process.stdout, rows), daemon=True).start()
        try:
            while (printed := rows.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
                row(printed)
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except (queue.Empty, subprocess.TimeoutExpired):
            return f"stopped after {limit:.0f} s"
        finally:
            kill_session(process.pid)
            process.wait()
    lines = log.read_text(errors="replace").split("\n")
    last = next((text.strip() for text in reversed(lines) if text.strip()), f"exit status {process.returncode}")
    return last if process.returncode else ""


def _read(stream: IO[str], rows: "queue.Queue[dict[str, Any] | None]") -> None:
    for text in stream:
        with suppress(json.JSONDecodeError):  # other output, or a line that was interrupted
            if isinstance(row := json.loads(text), dict):
                rows.put(row)
    rows.put(None)


def kill_session(leader: int) -> None:
    """Kill the processes of a session. Some have a process group of their own: workers of `hydra/launcher=local`."""
    for _ in range(3):  # again, for processes that were started meanwhile
        for entry in os.listdir("/proc"):
            with suppress(ProcessLookupError, ValueError):
                if os.getsid(int(entry)) == leader:
                    os.kill(int(entry), signal.SIGKILL)
