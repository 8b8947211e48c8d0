"""The other processes of a run on several devices, as the first one starts, watches and ends them."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from ablate.backend import processes
from ablate.runs.json_file import Record
from ablate.runs.provenance import ROOT
from ablate.terminal import output
from ablate.terminal.errors import InputError, UserError

log = logging.getLogger(__name__)
POLL_SECONDS = 0.2
STUCK_SECONDS = 60.0  # for this process to notice that another one has failed
END_SECONDS = 30.0  # for the others to end after the last epoch


class Failure(Record, frozen=True, kw_only=True):
    """Why a process failed: its message, and whether it refused its input."""

    message: str
    refused: bool


class WorkerGroup:
    """Processes with the ranks from 1 on, as a context that ends them.

    A thread watches them. If one fails and this process does not leave the context, because it waits in a library for
    the one that failed, this process ends.

    Args:
        size: number of processes, including this one.
        folder: private, for the store and for their output.
        stuck: called with a message before this process ends.
    """

    def __init__(self, size: int, folder: Path, stuck: Callable[[str], None]) -> None:
        self.size, self.folder, self.stuck = size, folder, stuck
        self.processes: list[subprocess.Popen[bytes]] = []
        self.left = threading.Event()

    def __enter__(self) -> Self:
        if loopback := {"lo", "lo0"}.intersection(name for _, name in socket.if_nameindex()):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback.pop())  # no port is open to other machines
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        module = f"{__package__}.worker"
        for rank in range(1, self.size):
            words = [sys.executable, "-m", module, str(self.folder), str(rank), str(self.size), str(os.getpid())]
            with (self.folder / f"{rank}.log").open("wb") as file:
                process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env={**os.environ, "PYTHONPATH": path}
                )
            self.processes.append(process)
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left.set()
        for process in self.processes:
            process.kill()
            process.wait()

    def wait(self) -> None:
        """Wait until they have ended; they have nothing left to do."""
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)

    def check(self, patience: float = 0.0, error: BaseException | None = None) -> None:
        """Raise the failure of a process, if one has failed or does within `patience` seconds, because of `error`.

        Raises:
            InputError: it refused its input.
            UserError: it failed, or was killed.
        """
        deadline = time.monotonic() + patience
        while (failure := self.failure()) is None and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if failure:
            raise failure from error

    def failure(self) -> UserError | None:
        """The failure of the first process that has failed."""
        for rank, process in enumerate(self.processes, 1):
            if process.poll():
                log.debug("output of process %d:\n%s", rank, (self.folder / f"{rank}.log").read_text(errors="replace"))
                return self._failure(rank, process.returncode)
        return None

    def _failure(self, rank: int, status: int) -> UserError:
        with suppress(FileNotFoundError):
            failure = msgspec.json.decode((self.folder / f"{rank}.json").read_bytes(), type=Failure)
            return InputError(failure.message) if failure.refused else UserError(failure.message)
        return UserError(f"Process {rank + 1} of {self.size} (trainer.devices) {processes.cause(status)}.")

    def _watch(self) -> None:
        while not self.left.wait(POLL_SECONDS):
            if (failure := self.failure()) and not self.left.wait(STUCK_SECONDS):
                self.stuck(str(failure))
                output.report(str(failure))
                for process in self.processes:
                    process.kill()
                os._exit(1)
