"""The type of every table of the report."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True, eq=False)
class Table:
    """A table of formatted text, with a note, the variant of each row, the rows in bold, and what its columns mean."""

    title: str
    cells: pd.DataFrame
    note: str = ""
    variants: tuple[str, ...] = ()  # empty: rows are computed from all runs
    strong: frozenset[int] = frozenset()
    explained: Mapping[str, str] = field(default_factory=dict)  # {column: sentences}, for report.html
