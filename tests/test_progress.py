"""Long work shows how far it is on a terminal, and nothing elsewhere."""

import os
import sys
from contextlib import suppress

import pytest

from ablate import progress


def shown(monkeypatch: pytest.MonkeyPatch, patience: float, count: int = 3) -> str:
    """What a terminal shows of so many items."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        assert list(progress.track(iter(range(count)), "Counting", count, patience)) == list(range(count))
    found = b""
    with suppress(OSError):  # Linux's word for the end of a terminal that nobody writes to any more
        while piece := os.read(ours, 65536):  # one read may give a part only
            found += piece
    os.close(ours)
    return found.decode()


@pytest.mark.skipif(os.name != "posix", reason="a terminal is a posix matter")
def test_a_terminal_shows_a_bar_that_is_taken_away(monkeypatch):
    text = shown(monkeypatch, patience=0)
    assert "Counting" in text and "3/3" in text and text.rstrip().endswith("\x1b[2K")


@pytest.mark.skipif(os.name != "posix", reason="a terminal is a posix matter")
def test_what_is_quick_shows_nothing(monkeypatch):
    assert shown(monkeypatch, patience=3600) == ""


def test_a_file_gets_the_items_alone(capsys):
    assert list(progress.track("abc", "Counting", 3)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_who_stops_early_or_fails_has_the_terminal_back(monkeypatch):
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        items = progress.track(range(3), "Counting", 3)
        next(items)
        items.close()
    found = os.read(ours, 65536).decode()
    os.close(ours)
    assert found.rindex("\x1b[?25h") > found.rindex("\x1b[?25l")  # the cursor is shown again
