"""What a person sees while a run trains: a live bar in a terminal, a plain line an epoch elsewhere."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

REFRESH = 0.5  # seconds between two reads of the running loss, each of which waits for the device
LINE = 10.0  # the same where every read is a line that stays, as in a notebook or a log


def epoch_line(row: dict[str, Any], epochs: int) -> str:
    """An epoch's figures as one line."""
    return (
        f"epoch {row['epoch']}/{epochs}  "
        f"train loss {row['train_loss']:.3f} accuracy {100 * row['train_accuracy']:.1f} %  "
        f"validation loss {row['val_loss']:.3f} accuracy {100 * row['val_accuracy']:.1f} %  "
        f"{row['seconds']:.1f} s"
    )


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
