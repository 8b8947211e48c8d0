"""The accuracy on the test set of the variants that were tested."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.formats import DASH, difference, number
from ablate.analysis.tables.table import Table
from ablate.analysis.test_usage import UNPLANNED, Usage

NOTE = (
    "Differences are paired by seed, with Student's t interval over seeds; not corrected. Select variants by validation"
    " accuracy, not by this table."
)


def test_set(usage: Usage, labels: Mapping[str, str]) -> Table | None:
    """The test accuracy of each tested variant, the baseline first, and its difference; None if none was tested.

    Args:
        usage: uses of the test set.
        labels: {variant: label}, of `collect.labels`.
    """
    known = usage.runs[usage.runs["accuracy"].notna() & (usage.runs["variant"] != UNPLANNED)]
    if not len(known):
        return None
    accuracies = {name: rows.set_index("seed")["accuracy"] for name, rows in known.groupby("variant", sort=False)}
    baseline = accuracies.get(collect.BASELINE, pd.Series(dtype=float))
    rows = {name: _row(accuracies[name], baseline) for name in labels if name in accuracies}
    if collect.BASELINE in rows:
        rows[collect.BASELINE] = (*rows[collect.BASELINE][:2], DASH)
    names = ["n (seeds)", "Test accuracy (%), mean ± SD", "Difference (points) [95 % CI]"]
    cells = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    cells.insert(0, "Variant", [labels[name] for name in rows])
    return Table("Accuracy on the test set", cells.reset_index(drop=True), NOTE, tuple(rows))


def _row(accuracy: pd.Series, baseline: pd.Series) -> tuple[str, str, str]:
    """Seeds, mean ± SD in percent, and the difference from the baseline; accuracies (fractions) by seed."""
    shared = accuracy.index.intersection(baseline.index)
    paired = stats.paired_difference(accuracy[shared].tolist(), baseline[shared].tolist())
    sd = 100 * accuracy.std() if len(accuracy) > 1 else np.nan
    text = f"{number(100 * accuracy.mean())} ± {number(sd)}"
    return str(len(accuracy)), text, difference(100 * paired.mean, 100 * paired.low, 100 * paired.high)
