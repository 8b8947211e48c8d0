"""Progress is shown as a bar on a terminal, as lines where asked for, and not at all elsewhere."""

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest
from rich.console import Console

from ablate.terminal import output, progress
from tests.processes import SMALL, record, start


def shown(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> str:
    """Return what a terminal receives while `work` runs."""
    reader, writer = os.openpty()
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        work()
    output = b""
    with suppress(OSError):  # raised by Linux once the other end is closed
        while piece := os.read(reader, 65536):  # one read may return only a part
            output += piece
    os.close(reader)
    return output.decode()


def test_a_terminal_shows_a_bar_that_is_removed_at_the_end(monkeypatch):
    counted = []
    text = shown(monkeypatch, lambda: counted.extend(progress.track(iter(range(3)), "Counting", 3, status="loss 0.5")))
    assert counted == [0, 1, 2] and text.endswith("\x1b[2K")
    assert "Counting" in text and "3/3" in text and "loss 0.5" in text


@pytest.mark.parametrize("own_code", [False, True])
def test_the_colors_of_a_bar_reach_the_terminal_and_control_characters_of_its_text_do_not(monkeypatch, own_code):
    def work() -> None:
        monkeypatch.setattr(sys, "stdout", sys.stderr)
        output.protect(own_code)
        list(progress.track(range(3), "Counting \x1b[2J"))

    text = shown(monkeypatch, work)
    assert text.count("\\x1") == text.count("Counting \\x1") > 0 and "\x1b[2J" not in text


def test_quick_work_shows_nothing(monkeypatch):
    assert shown(monkeypatch, lambda: list(progress.track(range(3), "Counting", patience=3600))) == ""


def test_nothing_is_shown_without_a_terminal(capsys):
    assert list(progress.track("abc", "Counting")) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_an_iteration_that_stops_early_restores_the_cursor(monkeypatch):
    def take_first() -> None:
        items = progress.track(range(3), "Counting")
        next(items)
        items.close()

    text = shown(monkeypatch, take_first)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # shown after it was hidden


@pytest.mark.parametrize(
    ("pause", "lines"), [(-1.0, ["epoch 1/2  1/3  loss 0.5", "epoch 1/2  2/3  loss 0.5"]), (1e9, [])]
)
def test_lines_show_the_status_of_all_but_the_last_item(monkeypatch, pause, lines):
    monkeypatch.setattr(progress, "LINE_SECONDS", pause)
    console = Console(file=io.StringIO(), width=10)
    assert list(progress.track("abc", "epoch 1/2", status="loss 0.5", lines=True, console=console)) == ["a", "b", "c"]
    assert console.file.getvalue().splitlines() == lines


@pytest.mark.parametrize(
    "where",
    [
        ("hydra.run.dir=run",),
        pytest.param(("-m", "study.name=s", "hydra/launcher=basic", "seed=0,1"), marks=pytest.mark.integration),
    ],
)
def test_a_run_survives_the_end_of_its_reader(tmp_path, where):
    """As with `|& head -1`: later output meets a broken pipe."""
    process = start(tmp_path, "train", *SMALL, "model=mlp", "trainer.epochs=10", *where)
    assert process.stderr.readline()
    process.stderr.close()
    assert process.wait(timeout=300) == 0
    runs = [path.parent for path in tmp_path.rglob("run.json")]
    assert len(runs) == (1 if len(where) == 1 else 2)
    assert {record(run)["status"] for run in runs} == {"completed"}
