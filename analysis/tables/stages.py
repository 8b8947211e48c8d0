"""The looks at a study with stages: the difference of each variant after each."""

from collections.abc import Mapping

import pandas as pd

from ablate.analysis.formats import DASH
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.tables.table import Table

NOTE = (
    "Repeated 95 % confidence intervals, which hold simultaneously over all looks at one variant. A dash: the variant"
    " was already decided, or could not be tested."
)


def stages(paths: pd.DataFrame, verdicts: Mapping[str, str], labels: Mapping[str, str], shown: MetricFormat) -> Table:
    """One row per variant, one column per look.

    Args:
        paths: frame of `stage_paths`.
        verdicts: {variant: verdict} of the report.
        labels: {variant: label}, of `collect.labels`.
        shown: how the metric is printed.
    """
    names = [name for name in labels if name in set(paths["variant"])]
    cells = {
        (row.variant, row.seeds): shown.interval(row.difference, row.ci_low, row.ci_high) for row in paths.itertuples()
    }
    columns = {"Variant": [labels[name] for name in names]}
    for seeds in sorted(set(paths["seeds"])):
        columns[f"After {seeds} seeds"] = [cells.get((name, seeds), DASH) for name in names]
    columns["Verdict"] = [verdicts[name] for name in names]
    return Table(f"{shown.difference_header} at each look", pd.DataFrame(columns), NOTE, tuple(names))
