"""A tracker that fails or does not answer costs a run neither its results nor its time."""

import os
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from ablate.logger import LoggedRun, tracker
from ablate.logger.tracker import Tracker
from ablate.runs.epochs import COLUMNS
from tests.processes import epochs

ROW = dict.fromkeys(COLUMNS, 1.0)
SETTINGS = {"seed": 0}


class Fails:
    """A tracked run that raises in the call with this number, counted from 0 for its creation."""

    def __init__(self, run: LoggedRun, at: int) -> None:
        self.at, self.calls = at, -1
        self.log(ROW)

    def log(self, row: dict) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise OSError(28, "No space left on device", "events")

    def close(self, row: dict | None) -> None:
        self.log(ROW)


class Exits(Fails):
    """A tracked run whose process is killed in the call with this number."""

    def log(self, row: dict) -> None:
        self.calls += 1
        if self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class Hangs(Fails):
    """A tracked run that waits for a server that never answers, in the call with this number."""

    def log(self, row: dict) -> None:
        self.calls += 1
        if self.calls == self.at:
            with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as s:
                s.recv(1)


class Stops(Fails):
    """A tracked run whose process is stopped, so that it does not even read."""

    def log(self, row: dict) -> None:
        self.calls += 1
        if self.calls == self.at:
            os.kill(os.getpid(), signal.SIGSTOP)


class OfTest(Tracker):
    """The tracker of these tests, whose package is installed."""

    package = "pytest"
    wait_seconds = 60.0


def run(folder: Path) -> LoggedRun:
    return LoggedRun(folder, None, None, {}, SETTINGS, np.zeros((2, 3, 200, 200), np.uint8))


def track(folder: Path, kind: type, at: int, rows: int = 3) -> float:
    """Log a run of some epochs; return the seconds that this took."""
    started = time.monotonic()
    logger = OfTest(run(folder), kind, local=False, at=at)
    for _ in range(rows):
        logger.log(ROW)
    logger.close(ROW)
    assert epochs(folder) == rows and logger.process is None
    return time.monotonic() - started


@pytest.mark.parametrize("at", [0, pytest.param(2, marks=pytest.mark.faults), 4])
@pytest.mark.parametrize(
    "kind, text", [(Fails, r"OSError: \[Errno 28\] No space left on device: 'events'"), (Exits, "its process ended")]
)
def test_a_tracker_that_fails_is_given_up_with_one_warning(tmp_path, caplog, kind, text, at):
    track(tmp_path, kind, at)
    (warning,) = caplog.messages
    assert warning.startswith("logger=pytest failed after ") and "metrics.csv has every epoch" in warning
    if at == 0 or kind is Fails:
        assert f"failed after {max(0, at - 1)} of " in warning
    import re

    assert re.search(text, warning)


@pytest.mark.integration
@pytest.mark.parametrize("kind", [Hangs, Stops])
def test_a_tracker_that_does_not_answer_is_waited_for_once(tmp_path, caplog, monkeypatch, kind):
    monkeypatch.setattr(OfTest, "wait_seconds", 4.0)
    monkeypatch.setattr(tracker, "WAIT_AGAIN_SECONDS", 0.5)
    assert track(tmp_path, kind, at=0, rows=2000) >= 4  # more rows than a pipe holds
    assert caplog.messages == [
        "logger=pytest did not finish within 4 s and has logged 0 of 2000 epochs. The run continues without it;"
        " metrics.csv has every epoch."
    ]
    assert OfTest.wait_seconds == 0.5


def test_a_tracker_that_works_gives_no_warning(tmp_path, caplog):
    track(tmp_path, Fails, at=-2)
    assert not caplog.messages


def test_settings_that_cannot_be_sent_do_not_cost_the_run(tmp_path, caplog, monkeypatch):
    monkeypatch.setitem(SETTINGS, "loss", lambda: None)
    track(tmp_path, Fails, at=-2)
    assert len(caplog.messages) == 1
