"""`ablate watch STUDY`: the curves of all runs, the time left and what failed, as the runs' folders change."""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.live import Live

from ablate.runs.statuses import ENDED
from ablate.study.snapshot import FolderView, RunView
from ablate.study.terminal_view import AROUND, view

SHOWN = 40  # runs and lines of failures where no terminal's height says how many
WIDE = 120  # characters of a line that is not written to a terminal


def watch(look: FolderView, every: float, once: bool) -> None:
    """The view until no run is left to end, in a terminal; elsewhere, or `once`, one view."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without blocks is no reason to fail
    console = Console(highlight=False)
    if not once and console.is_terminal and not console.is_dumb_terminal:
        look()  # what cannot be watched is said before the screen is taken
        with suppress(KeyboardInterrupt), keys() as pressed:
            follow(look, every, console, pressed)
    show(look, console)


def show(look: FolderView, console: Console) -> None:
    """One view, to stay."""
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDE
    console.print(view(look(), console.width, AROUND + SHOWN))


def follow(look: FolderView, every: float, console: Console, pressed: Callable[[float], str]) -> None:
    """A view that fills the terminal, until no run is left to end or `pressed`, which waits for a key, returns q."""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            study = look()
            live.update(view(study, console.width, console.height), refresh=True)
            if ended(study.runs) or pressed(every) in ("q", "Q"):
                return


def ended(runs: Sequence[RunView]) -> bool:
    """True if no run is left that may still train."""
    return all(run.status in ENDED for run in runs)


def _asleep(seconds: float) -> str:
    """Where no key can be pressed."""
    time.sleep(seconds)
    return ""


@contextmanager
def keys() -> Iterator[Callable[[float], str]]:
    """A function that waits so many seconds for a key and returns it, empty if there was none; nothing is echoed."""
    if os.name != "posix" or not sys.stdin.isatty():
        yield _asleep
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        yield lambda patience: _key(terminal) if select.select([terminal], [], [], patience)[0] else ""
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _key(terminal: int) -> str:
    return os.read(terminal, 1).decode(errors="replace") or "q"  # a terminal that is gone reads as empty
