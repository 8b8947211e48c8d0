"""The steps of an ablation path."""

import pandas as pd

from ablate.analysis.formats import DASH, p_value
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.tables.table import Table

NOTE = (
    "Exploratory: Holm's correction over the steps. Each step makes one more change than the row above; its difference"
    " is paired by seed, and depends on the changes made before it."
)
CHOSEN = (
    " The order was chosen by these results, the largest loss first, so that the first steps are on average smaller in"
    " new runs."
)
ENDS = " Alone, last: the change alone, and after all others, where this was run."


def path(table: pd.DataFrame, labels: dict[str, str], shown: MetricFormat) -> Table:
    """The table of `ablation_path`."""
    rows = list(table.itertuples())
    cells = {
        "Step": ["baseline" if not row.change else f"+ {row.change}" for row in rows],
        "n (seeds)": [str(row.n) for row in rows],
        f"{shown.header}, mean ± SD": [shown.spread(row.mean, row.sd) if row.n else DASH for row in rows],
        f"Step{shown.in_parentheses} [95 % CI]": [shown.interval(row.step, row.low, row.high) for row in rows],
        "p (Holm)": [p_value(row.p_holm) for row in rows],
        "From the baseline": [shown.change(row.total) for row in rows],
        "Alone": [shown.change(row.alone) for row in rows],
        "Last": [shown.change(row.last) for row in rows],
    }
    note = NOTE + (CHOSEN if table["chosen"].any() else "") + ENDS
    return Table("Ablation path", pd.DataFrame(cells), note, tuple(table["variant"]))
