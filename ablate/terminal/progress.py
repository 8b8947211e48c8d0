"""What a person sees of what takes long: a live bar in a terminal; of training, a plain line an epoch elsewhere."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")
REFRESH = 0.5  # seconds between two reads of the running loss, each of which waits for the device
LINE = 10.0  # the same where every read is a line that stays, as in a notebook or a log


class Terminal(Console):
    """stderr. Who reads it may leave (`|& head`, a `tee` that is killed): what is at work goes on, unseen."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Say nothing more, where rich would end the process."""
        self.quiet = True


def epoch_line(row: dict[str, Any], epochs: int) -> str:
    """An epoch's figures as one line."""
    return (
        f"epoch {row['epoch']}/{epochs}  "
        f"train loss {row['train_loss']:.3f} accuracy {100 * row['train_accuracy']:.1f} %  "
        f"validation loss {row['val_loss']:.3f} accuracy {100 * row['val_accuracy']:.1f} %  "
        f"{row['seconds']:.1f} s"
    )


def track(items: Iterable[Item], title: str, total: int, patience: float = 0.0) -> Iterator[Item]:
    """Iterate behind a bar on stderr, which a terminal shows once the items have taken `patience` seconds."""
    console = Terminal()
    if not console.is_terminal:
        yield from items
        return
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    began, bar = time.monotonic(), Progress(*columns, console=console, transient=True)
    task = bar.add_task(title, total=total)
    if patience == 0:
        bar.start()
    try:
        for item in items:
            if time.monotonic() - began > patience:
                bar.start()  # which may be told twice
            yield item
            bar.advance(task)
    finally:
        bar.stop()


def steps(batches: Sequence[Any], title: str, meter: object, console: Console) -> Iterable[Any]:
    """Iterate over `batches` behind a bar that shows the running `meter`; without a terminal, a line now and then."""
    return (_bar if console.is_terminal else _lines)(batches, title, meter, console)


def _lines(batches: Sequence[Any], title: str, meter: object, console: Console) -> Iterator[Any]:
    told = time.monotonic()
    for done, batch in enumerate(batches, 1):
        yield batch
        if time.monotonic() - told > LINE and done < len(batches):
            console.print(f"{title}  {done}/{len(batches)}  {meter}", highlight=False, soft_wrap=True)
            told = time.monotonic()


def bar(title: str, console: Console) -> Callable[[Sequence[Any]], Iterable[Any]]:
    """What iterates over batches like `steps`, with nothing to show but how far it is."""
    return lambda batches: steps(batches, title, "", console)


def _bar(batches: Sequence[Any], title: str, meter: object, console: Console) -> Iterator[Any]:
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, TextColumn("{task.fields[running]}"), console=console, transient=True) as progress:
        task = progress.add_task(title, total=len(batches), running="")
        refreshed = time.monotonic()
        for done, batch in enumerate(batches, 1):
            yield batch
            if time.monotonic() - refreshed > REFRESH:
                progress.update(task, completed=done, running=str(meter))
                refreshed = time.monotonic()
