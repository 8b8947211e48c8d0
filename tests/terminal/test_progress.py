"""Long work shows how far it is on a terminal, and nothing elsewhere."""

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest
from rich.console import Console

from ablate.terminal import progress
from tests.processes import SMALL, record, start


def shown(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> str:
    """What a terminal shows while the work is done."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        work()
    found = b""
    with suppress(OSError):  # Linux's word for the end of a terminal that nobody writes to any more
        while piece := os.read(ours, 65536):  # one read may give a part only
            found += piece
    os.close(ours)
    return found.decode()


def test_a_terminal_shows_a_bar_that_is_taken_away(monkeypatch):
    counted = []
    text = shown(monkeypatch, lambda: counted.extend(progress.track(iter(range(3)), "Counting", 3)))
    assert counted == [0, 1, 2] and "Counting" in text and "3/3" in text and text.endswith("\x1b[2K")


def test_what_is_quick_shows_nothing(monkeypatch):
    assert shown(monkeypatch, lambda: list(progress.track(range(3), "Counting", 3, patience=3600))) == ""


def test_a_file_gets_the_items_alone(capsys):
    assert list(progress.track("abc", "Counting", 3)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_who_stops_early_has_the_terminal_back(monkeypatch):
    def first_alone() -> None:
        items = progress.track(range(3), "Counting", 3)
        next(items)
        items.close()

    text = shown(monkeypatch, first_alone)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again


@pytest.mark.parametrize(
    ("pause", "lines"), [(-1.0, ["epoch 1/2  1/3  loss 0.5", "epoch 1/2  2/3  loss 0.5"]), (1e9, [])]
)
def test_a_line_tells_the_running_figures_and_the_epochs_own_line_its_end(monkeypatch, pause, lines):
    monkeypatch.setattr(progress, "LINE", pause)
    console = Console(file=io.StringIO(), width=10)
    assert list(progress.steps("abc", "epoch 1/2", "loss 0.5", console)) == ["a", "b", "c"]
    assert console.file.getvalue().splitlines() == lines


@pytest.mark.parametrize("where", [("hydra.run.dir=run",), ("-m", "study.name=s", "hydra/launcher=basic", "seed=0,1")])
def test_who_stops_reading_costs_no_run(tmp_path, where):
    """As `|& head -1` does: what is written then meets a broken pipe."""
    process = start(tmp_path, "train", *SMALL, "model=mlp", "trainer.epochs=10", *where)
    assert process.stderr.readline()
    process.stderr.close()
    assert process.wait(timeout=300) == 0
    runs = [path.parent for path in tmp_path.rglob("run.json")]
    assert len(runs) == (1 if len(where) == 1 else 2)
    assert {record(run)["status"] for run in runs} == {"completed"}
