"""The differences within each block, such as a data set."""

from collections.abc import Mapping

import pandas as pd

from ablate.analysis import collect
from ablate.analysis.blocks import Blocks
from ablate.analysis.formats import DASH, number, p_value
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.tables.table import Table

NOTE = (
    "Exploratory: 95 % confidence intervals over seeds within each level; blocks.csv has p-values, corrected over all"
    " variants and levels."
)


def within_blocks(blocks: Blocks, labels: Mapping[str, str], shown: MetricFormat) -> Table:
    """One row per variant: its difference from the baseline in each block, and its mean rank.

    Args:
        blocks: the comparisons within blocks.
        labels: {variant: label}, of `collect.labels`.
        shown: how the metric is printed.
    """
    columns = {"Variant": list(labels.values())}
    for level, frame in blocks.effects.items():
        rows = {row.variant: row for row in frame.itertuples()}
        columns[f"{blocks.factor}={level}"] = [_cell(rows.get(name), shown) for name in labels]
    notes = [NOTE, _cost(blocks)]
    if blocks.friedman is not None:
        columns["Mean rank"] = [number(blocks.mean_ranks.get(name, float("nan"))) for name in labels]
        columns["Wilcoxon p (Holm)"] = [p_value(blocks.wilcoxon.get(name, float("nan"))) for name in labels]
        notes.append("Ranks: 1 is the best of a level. Wilcoxon's test is over levels, against the baseline.")
    title = f"{shown.difference_header} within each {blocks.factor}"
    return Table(title, pd.DataFrame(columns), " ".join(notes), tuple(labels))


def _cell(row: object, shown: MetricFormat) -> str:
    """The mean of the baseline; the difference of another variant with its interval."""
    if row is None:
        return DASH
    if row.variant == collect.BASELINE:  # type: ignore[attr-defined]
        return shown.spread(row.mean, row.sd)  # type: ignore[attr-defined]
    return shown.interval(row.difference, row.ci_low, row.ci_high)  # type: ignore[attr-defined]


def _cost(blocks: Blocks) -> str:
    """The median time of a run in each block."""
    times = [f"{level} {number(seconds, 1)} s" for level, seconds in blocks.seconds.items() if not pd.isna(seconds)]
    return f"Median time of a run: {', '.join(times)}." if times else ""


def long(blocks: Blocks) -> pd.DataFrame:
    """The frame of report/blocks.csv: the columns of effects.csv, one row per block and variant."""
    from ablate.analysis.effects import COLUMNS

    frames = [frame[COLUMNS].drop(columns="verdict").assign(block=level) for level, frame in blocks.effects.items()]
    whole = pd.concat(frames, ignore_index=True)
    return whole[["block", *whole.columns.drop("block")]]
