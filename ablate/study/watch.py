"""`ablate watch STUDY`: a live view of the learning curves, the time left and the failures of a study."""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from rich.live import Live

from ablate.runs.statuses import ENDED
from ablate.study.live_view import FolderView, RunView
from ablate.study.terminal_view import view
from ablate.terminal.console import Console

DEFAULT_HEIGHT = 47  # lines without a terminal
DEFAULT_WIDTH = 120  # characters per line without a terminal


def watch(read_view: FolderView, every: float, once: bool) -> None:
    """Show a live view until the last run has ended; without a terminal, print the current state once.

    Args:
        read_view: reads the state of the study.
        every: seconds between two updates.
        once: print the current state once in a terminal too.
    """
    console = Console()
    if not once and console.is_terminal and not console.is_dumb_terminal:
        read_view()  # raises InputError before the screen is cleared
        with suppress(KeyboardInterrupt), keyboard() as wait_for_key:
            follow(read_view, every, console, wait_for_key)
    show(read_view, console)


def show(read_view: FolderView, console: Console) -> None:
    """Print the current state."""
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = DEFAULT_WIDTH
    console.print(view(read_view(), console.width, DEFAULT_HEIGHT))


def follow(read_view: FolderView, every: float, console: Console, wait_for_key: Callable[[float], str]) -> None:
    """Fill the terminal with a view, updated until the last run has ended or q is pressed."""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            study = read_view()
            live.update(view(study, console.width, console.height), refresh=True)
            if all_ended(study.runs) or wait_for_key(every) in ("q", "Q"):
                return


def all_ended(runs: Sequence[RunView]) -> bool:
    """True if no run is missing or running."""
    return all(run.status in ENDED for run in runs)


def _sleep(seconds: float) -> str:
    """Replace waiting for a key if there is no keyboard."""
    time.sleep(seconds)
    return ""


@contextmanager
def keyboard() -> Iterator[Callable[[float], str]]:
    """Yield a function that waits up to the given seconds for a key and returns it, else an empty string."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield _sleep
        return
    if not sys.stdin.isatty():
        yield _sleep
        return
    terminal = sys.stdin.fileno()
    settings = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        yield lambda seconds: _read_key(terminal) if select.select([terminal], [], [], seconds)[0] else ""
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, settings)


def _read_key(terminal: int) -> str:
    return os.read(terminal, 1).decode(errors="replace") or "q"  # empty if the terminal was closed
