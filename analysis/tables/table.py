"""The type of every table of the report."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Table:
    """A table of formatted text, with a note, the variant of each row, and the rows in bold."""

    title: str
    cells: pd.DataFrame
    note: str = ""
    variants: tuple[str, ...] = ()  # empty: rows are computed from all runs
    strong: frozenset[int] = frozenset()
