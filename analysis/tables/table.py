"""What every table of the report is."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Table:
    """A table of text, with a note of its own, the variant each row is about, and the rows that are set in bold."""

    title: str
    cells: pd.DataFrame
    note: str = ""
    variants: tuple[str, ...] = ()  # none: the numbers are of all runs together
    strong: frozenset[int] = frozenset()
