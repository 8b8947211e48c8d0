"""Progress display: a live bar in a terminal, plain lines elsewhere."""

import statistics
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from ablate.terminal.console import Console, Terminal
from ablate.terminal.text import duration

Item = TypeVar("Item")
REFRESH_SECONDS = 0.5  # between two reads of the running loss, each of which synchronizes with the GPU
LINE_SECONDS = 10.0  # between two lines in a notebook or a log, where each line stays


def epoch_line(rows: Sequence[dict[str, Any]], epochs: int) -> str:
    """Format the metrics of the last of the epochs so far as one line, with the time left of the run."""
    row = rows[-1]
    left = statistics.median(row["seconds"] for row in rows) * (epochs - row["epoch"])
    return (
        f"epoch {row['epoch']}/{epochs}  "
        f"train loss {row['train_loss']:.3f} accuracy {100 * row['train_accuracy']:.1f} %  "
        f"validation loss {row['val_loss']:.3f} accuracy {100 * row['val_accuracy']:.1f} %  "
        f"{row['seconds']:.1f} s" + (f", about {duration(left)} left" if row["epoch"] < epochs else "")
    )


class TimeLeft(ProgressColumn):
    """The time until the bar, and the `further` bars of its task like it, are full."""

    def render(self, task: Task) -> Text:
        """Format it; nothing before the first items."""
        remaining = task.time_remaining
        if remaining is None or task.elapsed is None:
            return Text()
        return Text(f"{duration(remaining + task.fields['further'] * (task.elapsed + remaining))} left")


def track(
    items: Iterable[Item],
    title: str,
    total: int | None = None,
    *,
    patience: float = 0.0,
    status: object = "",
    lines: bool = False,
    console: Console | None = None,
    further: int = 0,
) -> Iterator[Item]:
    """Iterate over `items` behind a progress bar that disappears at the end.

    Args:
        items: what to iterate over.
        title: text in front of the bar.
        total: number of items; by default their length.
        patience: seconds before the bar appears, so that quick work shows nothing.
        status: shown after the bar; converted to text at each refresh, so that a running mean stays current.
        lines: without a terminal, print the progress as a line every `LINE_SECONDS` seconds; False prints nothing.
        console: where to show it; by default stderr.
        further: how many passes like this one follow, which the time left includes.
    """
    console = console or Terminal()
    if total is None:
        assert isinstance(items, Collection), "an iterator needs a total"
        total = len(items)
    if console.is_terminal:
        yield from _bar(items, title, total, patience, status, console, further)
    elif lines:
        yield from _lines(items, title, total, status, console)
    else:
        yield from items


def _bar(
    items: Iterable[Item], title: str, total: int, patience: float, status: object, console: Console, further: int
) -> Iterator[Item]:
    width = 40 if console.width >= 100 else 12
    columns = [TextColumn("{task.description}", markup=False), BarColumn(width), MofNCompleteColumn(), TimeLeft()]
    bar = Progress(*columns, TextColumn("{task.fields[status]}", markup=False), console=console, transient=True)
    task = bar.add_task(title, total=total, status="", further=further)
    start = refreshed = time.monotonic()
    if patience == 0:
        bar.start()
    try:
        for done, item in enumerate(items, 1):
            if time.monotonic() - start > patience:
                bar.start()  # has no effect on a bar that is shown already
            yield item
            if time.monotonic() - refreshed > REFRESH_SECONDS or done == total:
                bar.update(task, completed=done, status=str(status))
                refreshed = time.monotonic()
    finally:
        bar.stop()


def _lines(items: Iterable[Item], title: str, total: int, status: object, console: Console) -> Iterator[Item]:
    printed = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        if time.monotonic() - printed > LINE_SECONDS and done < total:
            console.print(f"{title}  {done}/{total}  {status}".rstrip(), soft_wrap=True)
            printed = time.monotonic()
