"""Every variant against every other one, on request: a family of its own, in addition to the planned comparisons."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.effects import effects
from ablate.runs.metric import Metric
from ablate.terminal.errors import InputError

MOST_VARIANTS = 60  # 1770 pairs


class AllPairs(NamedTuple):
    """All pairs of variants.

    Attributes:
        table: one row per pair, both in the order of `means`: variant, other, n, difference (variant minus other) and
            its interval in printed units, p, p_holm (over all pairs), wins, test.
        means: {variant: recorded mean}, the best first.
        letters: {variant: letters}; variants that share one do not differ significantly.
    """

    table: pd.DataFrame
    means: dict[str, float]
    letters: dict[str, str]


def all_pairs(runs: pd.DataFrame, metric: Metric, confidence: float = 0.95) -> AllPairs:
    """Compare all variants with completed runs, paired by seed, over the seeds on which both completed.

    Args:
        runs: frame of `collect`.
        metric: what is compared.
        confidence: 1 - alpha of the family and of the intervals.

    Raises:
        InputError: there are more than `MOST_VARIANTS` variants.
    """
    completed = runs[runs["status"] == "completed"].groupby("variant")[metric.name].mean().dropna()
    order = [name for name in runs["variant"].unique() if name in completed]
    if len(order) > MOST_VARIANTS:
        raise InputError(f"--all-pairs: the study has {len(order)} variants, more than the limit of {MOST_VARIANTS}.")
    order.sort(key=lambda name: -metric.sign * completed[name])
    planned = runs["variant"].nunique()
    known = runs.drop(columns="collapsed", errors="ignore")
    tables = [_against(known, metric, name, order[:place], confidence) for place, name in enumerate(order) if place > 0]
    columns = ["variant", "other", "n", "difference", "ci_low", "ci_high", "p", "wins", "test"]
    table = pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    table["p_holm"] = stats.holm(table["p"].astype(float), max(planned * (planned - 1) // 2, len(table)))
    place = {name: k for k, name in enumerate(order)}
    table = table.sort_values(["variant", "other"], key=lambda names: names.map(place), ignore_index=True)
    different = np.zeros((len(order), len(order)), dtype=bool)
    for row in table[table["p_holm"] < 1 - confidence].itertuples():
        different[place[row.variant], place[row.other]] = different[place[row.other], place[row.variant]] = True
    shown = stats.letters(different)
    return AllPairs(table, {name: float(completed[name]) for name in order}, dict(zip(order, shown, strict=True)))


def _against(runs: pd.DataFrame, metric: Metric, reference: str, others: list[str], confidence: float) -> pd.DataFrame:
    """The rows of `effects` of these variants with another one in the place of the baseline."""
    exchanged = {reference: collect.BASELINE, collect.BASELINE: reference}
    rows = effects(runs.assign(variant=runs["variant"].replace(exchanged)), confidence, metric)
    rows = rows.assign(variant=rows["variant"].replace(exchanged), other=reference)
    return rows[rows["variant"].isin(others)]
