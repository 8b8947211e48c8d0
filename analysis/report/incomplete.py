"""The runs that are lost, and the comparisons that are made without them."""

import pandas as pd

from ablate.analysis import collect
from ablate.analysis.variant_results import learned


def lost_runs(runs: pd.DataFrame) -> dict[str, str]:
    """Each variant's runs that are lost or learned nothing: `1 diverged, 1 at chance, 2 missing`."""
    order, texts = ("diverged", "at chance", "pruned", *collect.HOLES), {}
    statuses = runs["status"].where((runs["status"] != "completed") | learned(runs), "at chance")
    for variant, ended in statuses[statuses != "completed"].groupby(runs["variant"], sort=False):
        counts = ended.value_counts()
        texts[variant] = ", ".join(f"{counts[status]} {status}" for status in order if status in counts)
    return texts


def partly_compared(effects: pd.DataFrame, runs: pd.DataFrame) -> dict[str, int]:
    """The paired variants that share only some of the baseline's seeds, and the number of shared seeds.

    Their difference is not that of the two means in the table.
    """
    n = int(((runs["status"] == "completed") & (runs["variant"] == collect.BASELINE)).sum())
    rows = effects[(effects["test"] == "paired t") & effects["n"].between(1, n - 1)]
    return dict(zip(rows["variant"], rows["n"].astype(int), strict=True))
