"""What a network says of images, written as a table, CSV or JSON while it is being found out."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from ablate.terminal.text import printable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Prediction:
    """The classes of an image, the most probable first, and their probabilities; or, in `error`, why there is none."""

    image: str
    classes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    error: str = ""


Blocks = Iterable[list[Prediction]]


def table(blocks: Blocks, classes: Sequence[str], top: int) -> None:
    """Columns for people. What could not be predicted is not in it: it is said on stderr."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = max(cell_len(printable(name)) for name in ("class", *classes))
    # A file or a pipe has no width to fold at.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
    header = True
    for block in blocks:
        rows = Table(box=None, pad_edge=False, show_header=header)  # a table a block: each is seen when it is there
        for _ in range(top):
            rows.add_column("class", width=width)
            rows.add_column("", width=len("100.0 %"), justify="right")
        rows.add_column("image", overflow="fold")
        for found in block:
            pairs = zip(found.classes, found.probabilities, strict=True)
            cells = [cell for name, share in pairs for cell in (printable(name), f"{100 * share:.1f} %")]
            if not found.error:
                rows.add_row(*map(Text, (*cells, printable(found.image))))
        if rows.rows:
            console.print(rows)
            header = False


def as_csv(blocks: Blocks, classes: Sequence[str], top: int) -> None:
    """Columns image, class, probability, class_2, probability_2, ..., error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a file's name is bytes, not always text
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns(top))
    for found in chain.from_iterable(blocks):
        pairs = zip(found.classes, found.probabilities, strict=True)
        cells = [cell for name, share in pairs for cell in (name, f"{share:.6f}")] or [""] * (2 * top)
        writer.writerow([found.image, *cells, found.error])


def columns(top: int) -> list[str]:
    """Names of what is said of an image, in CSV and in a frame."""
    ranks = ["", *(f"_{rank}" for rank in range(2, top + 1))]
    return ["image", *(f"{name}{rank}" for rank in ranks for name in ("class", "probability")), "error"]


def frame(blocks: Blocks, top: int) -> "pd.DataFrame":
    """The rows of the CSV; None for a class or an error, and NaN for a probability, that there is not."""
    import pandas as pd

    rows = []
    for found in chain.from_iterable(blocks):
        pairs = zip(found.classes, found.probabilities, strict=True)
        cells: list[Any] = [cell for pair in pairs for cell in pair] or [None, float("nan")] * top
        rows.append([found.image, *cells, found.error or None])
    return pd.DataFrame(rows, columns=columns(top))


def as_json(blocks: Blocks, classes: Sequence[str], top: int) -> None:
    """A list of objects: image, class, probability, top (a list of class and probability), error."""
    separator = "["
    for found in chain.from_iterable(blocks):
        pairs = zip(found.classes, found.probabilities, strict=True)
        ranked: list[dict[str, Any]] = [{"class": name, "probability": round(share, 6)} for name, share in pairs]
        first = ranked[0] if ranked else {"class": None, "probability": None}
        row = {"image": found.image, **first, "top": ranked, "error": found.error or None}
        print(separator, json.dumps(row), sep="\n", end="")
        separator = ","
    print("\n]")


FORMATS: dict[str, Callable[[Blocks, Sequence[str], int], None]] = {"table": table, "csv": as_csv, "json": as_json}
