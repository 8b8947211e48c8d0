"""Print predictions as a table, CSV or JSON, batch by batch."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from ablate.terminal.output import raw
from ablate.terminal.text import printable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image.

    image          its path, or its index in an array
    classes        the most probable classes, in descending order
    probabilities  their probabilities
    error          why there is no prediction; empty if there is one
    """

    image: str
    classes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    error: str = ""


Batches = Iterable[list[Prediction]]


def table(batches: Batches, classes: Sequence[str], top: int) -> None:
    """Print aligned columns. Images without a prediction are left out; they are named on stderr."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    from ablate.terminal.console import Console

    width = max(cell_len(printable(name)) for name in ("class", *classes))
    # Lines in files and pipes are not wrapped.
    console = Console(width=None if sys.stdout.isatty() else 10_000)
    header = True
    for batch in batches:
        rows = Table(box=None, pad_edge=False, show_header=header)  # one per batch, so that results appear immediately
        for _ in range(top):
            rows.add_column("class", width=width)
            rows.add_column("", width=len("100.0 %"), justify="right")
        rows.add_column("image", overflow="fold")
        for prediction in batch:
            pairs = zip(prediction.classes, prediction.probabilities, strict=True)
            cells = [cell for name, probability in pairs for cell in (printable(name), f"{100 * probability:.1f} %")]
            if not prediction.error:
                rows.add_row(*map(Text, (*cells, printable(prediction.image))))
        if rows.rows:
            console.print(rows)
            header = False


def as_csv(batches: Batches, classes: Sequence[str], top: int) -> None:
    """Print CSV with the columns image, class, probability, class_2, probability_2, ..., error.

    A file or a pipe receives UTF-8, and names as they are; on a terminal, control characters are escaped.
    """
    stream = raw(sys.stdout)
    if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")  # file names need not be valid UTF-8
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns(top))
    for prediction in chain.from_iterable(batches):
        pairs = zip(prediction.classes, prediction.probabilities, strict=True)
        cells = [cell for name, probability in pairs for cell in (name, f"{probability:.6f}")] or [""] * (2 * top)
        writer.writerow([prediction.image, *cells, prediction.error])


def columns(top: int) -> list[str]:
    """Column names of the CSV and the data frame."""
    ranks = ["", *(f"_{rank}" for rank in range(2, top + 1))]
    return ["image", *(f"{name}{rank}" for rank in ranks for name in ("class", "probability")), "error"]


def frame(batches: Batches, top: int) -> "pd.DataFrame":
    """The rows of the CSV as a data frame; a missing class or error is None, a missing probability NaN."""
    import pandas as pd

    rows = []
    for prediction in chain.from_iterable(batches):
        pairs = zip(prediction.classes, prediction.probabilities, strict=True)
        cells: list[Any] = [cell for pair in pairs for cell in pair] or [None, float("nan")] * top
        rows.append([prediction.image, *cells, prediction.error or None])
    return pd.DataFrame(rows, columns=columns(top))


def as_json(batches: Batches, classes: Sequence[str], top: int) -> None:
    """Print a JSON list of objects with image, class, probability, top (a list of class and probability) and error."""
    separator = "["
    for prediction in chain.from_iterable(batches):
        pairs = zip(prediction.classes, prediction.probabilities, strict=True)
        ranked: list[dict[str, Any]] = [
            {"class": name, "probability": round(probability, 6)} for name, probability in pairs
        ]
        first = ranked[0] if ranked else {"class": None, "probability": None}
        row = {"image": prediction.image, **first, "top": ranked, "error": prediction.error or None}
        print(separator, json.dumps(row), sep="\n", end="")
        separator = ","
    print("\n]")


FORMATS: dict[str, Callable[[Batches, Sequence[str], int], None]] = {"table": table, "csv": as_csv, "json": as_json}
