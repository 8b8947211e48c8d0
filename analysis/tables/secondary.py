"""Secondary metrics: what else the variants change. Exploratory."""

from collections.abc import Mapping

import pandas as pd

from ablate.analysis import stats
from ablate.analysis.effects import effects
from ablate.analysis.formats import p_value
from ablate.analysis.metric_format import metric_format
from ablate.analysis.report.verdict_sentences import paired_or_not
from ablate.analysis.tables.table import Table
from ablate.runs.metric import Metric

NOTE = (
    "Exploratory: the verdicts are those of the study's metric alone. {paired} over runs that completed;"
    " p is corrected (Holm) for all tests of this table."
)


def secondary(runs: pd.DataFrame, metrics: list[Metric], labels: Mapping[str, str]) -> Table | None:
    """Each secondary metric of each variant against the baseline; None if no run has any of them.

    Args:
        runs: frame of `collect`, with a column for each metric.
        metrics: the secondary metrics.
        labels: {variant: label}.
    """
    known = [metric for metric in metrics if runs.loc[runs["status"] == "completed", metric.name].notna().any()]
    rows, raw, variants = list[tuple[str, ...]](), list[float](), list[str]()
    frames = list[pd.DataFrame]()
    for metric in known:
        lacking = runs["status"].eq("completed") & runs[metric.name].isna()
        known_runs = runs.assign(status=runs["status"].mask(lacking, "missing"))
        compared = effects(known_runs.drop(columns="collapsed", errors="ignore"), metric=metric)
        shown = metric_format(metric, compared)
        frames.append(compared)
        for row in compared.itertuples():
            spread = shown.spread(row.mean, row.sd)
            change = shown.interval(row.difference, row.ci_low, row.ci_high)
            rows.append(
                (f"{shown.header}, {shown.better}", labels.get(row.variant, row.variant), str(row.n), spread, change)
            )
            raw.append(row.p)
            variants.append(row.variant)
    if not rows:
        return None
    names = ["Metric", "Variant", "n (seeds)", "Mean ± SD", "Difference [95 % CI]"]
    cells = pd.DataFrame(rows, columns=names).assign(**{"p (Holm)": [p_value(p) for p in stats.holm(raw)]})
    return Table("Secondary metrics", cells, NOTE.format(paired=paired_or_not(pd.concat(frames))), tuple(variants))
