"""The type of every table of the report."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from ablate.analysis.formats import DASH

ONE_SEED = "One seed has no standard deviation."


@dataclass(frozen=True, eq=False)
class Table:
    """A table of formatted text, with a note, the variant of each row, the rows in bold, and what its columns mean."""

    title: str
    cells: pd.DataFrame
    note: str = ""
    variants: tuple[str, ...] = ()  # empty: rows are computed from all runs
    strong: frozenset[int] = frozenset()
    explained: Mapping[str, str] = field(default_factory=dict)  # {column: sentences}, for report.html


def has_single_seeds(cells: pd.DataFrame) -> bool:
    """Whether a column of means and standard deviations has a mean alone."""
    columns = [name for name in cells if "± SD" in str(name)]
    return any("±" not in text and text != DASH for name in columns for text in cells[name])


def with_single_seeds(table: Table) -> Table:
    """The table, whose note explains why a mean has no standard deviation."""
    note = f"{table.note} {ONE_SEED}" if has_single_seeds(table.cells) else table.note
    return replace(table, note=note)
