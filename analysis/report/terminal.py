"""The tables and notes of a report on the terminal; Markdown in a file or a pipe."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable
from rich.text import Text

from ablate.analysis import verdict
from ablate.analysis.formats import to_markdown
from ablate.analysis.tables import Table
from ablate.terminal.console import Console

WRAPPED = ("Variant", "Lost or at chance (runs)", "Error", "Folder")  # columns whose text may be broken
# Columns that a narrow terminal omits, the first one first; the files have them.
OMITTED = (
    "g_z",
    "Its difference [95 % CI]",  # of the calibration error
    "Time (s), median",
    "Parameters",
    "Lost or at chance (runs)",
    "Wins",
    "Equivalence [90 % CI]",
    "p (Holm)",
    "n (seeds)",
    "Calibration error (%), mean ± SD",
)
WRAPPED_WIDTH = 40  # characters that a column whose text may be broken keeps, if its text has as many
SHORTEST_HEADER = 13  # characters of a line of a header
LISTED = 20  # most rows of a table; the files have all


def show(study: str, tables: dict[str, Table], main: str, notes: Sequence[str], folder: Path) -> None:
    """Print the table named `main`, the runs that are not completed, the notes and the folder of the report."""
    console = Console()
    console.soft_wrap = not console.is_terminal
    cells = tables[main].cells
    _print(console, cells, f"Study {study}")
    if "Verdict" in cells and cells["Verdict"].eq(verdict.NOT_TESTABLE).any():
        notes = [f"Not testable: {verdict.UNTESTED}.", *notes]
    if "failures" in tables:
        failures = tables["failures"].cells
        _print(console, failures.head(LISTED), "Not completed")
        if len(failures) > LISTED:
            console.print(Text(f"... and {len(failures) - LISTED} more, in {folder / 'tables' / 'failures.md'}"))
    for note in notes:
        console.print(Text(f"Note: {note}"))
    console.print(Text(f"Report: {folder}"), soft_wrap=True)  # without line breaks, so that the path can be copied


def print_table(table: pd.DataFrame, title: str) -> None:
    """Print a table on the terminal; as Markdown in a file or a pipe."""
    console = Console()
    console.soft_wrap = not console.is_terminal
    _print(console, table, title)


def _print(console: Console, table: pd.DataFrame, title: str) -> None:
    if not console.is_terminal:
        console.print(Text(f"{title}\n\n{to_markdown(table)}"))
        return
    table = fitting(table, console.width)
    aligned = RichTable(title=Text(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in table:
        aligned.add_column(Text(_header(table, name)), no_wrap=name not in WRAPPED)
    for row in table.itertuples(index=False):
        aligned.add_row(*map(Text, row))
    console.print(aligned)


def fitting(table: pd.DataFrame, width: int) -> pd.DataFrame:
    """The table without the columns for which a terminal of `width` characters has no space."""
    for name in OMITTED:
        if sum(_width(table, column) + 2 for column in table) <= width:
            break
        table = table.drop(columns=name, errors="ignore")
    return table


def _header(table: pd.DataFrame, name: str) -> str:
    """The name of a column, broken into lines of about the width of its cells."""
    return textwrap.fill(name, max(SHORTEST_HEADER, *table[name].map(len)), break_long_words=False)


def _width(table: pd.DataFrame, name: str) -> int:
    """Characters that a column needs."""
    longest = max(len(text) for text in [*table[name], *_header(table, name).split("\n")])
    return min(longest, WRAPPED_WIDTH) if name in WRAPPED else longest
