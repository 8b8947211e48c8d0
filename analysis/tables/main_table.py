"""The main table: each variant against the baseline, with its verdict."""

from typing import Any

import pandas as pd

from ablate.analysis import collect, verdict
from ablate.analysis.formats import DASH, count, number, p_value
from ablate.analysis.metric_format import PERCENT, MetricFormat
from ablate.analysis.report.incomplete import lost_runs, partly_compared
from ablate.analysis.report.verdict_sentences import rule
from ablate.analysis.tables.table import Table

EQUIVALENCE = "Equivalence [90 % CI]"


def main(effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat = PERCENT) -> Table:
    """The table of effects. Variants with the verdict better are bold; the highest mean alone is not.

    Args:
        effects: frame of `effects`.
        runs: frame of `collect`.
        shown: how the metric is printed.
    """
    title = f"{shown.title} and differences from the baseline"
    spread = "±: standard deviation over seeds (n - 1)."
    if len(effects) < 2:
        return Table(title, display(effects, runs, shown), spread, tuple(effects["variant"]))
    explained = {
        "Verdict": rule(effects, shown),
        f"{shown.header}, mean ± SD": spread,
        "g_z": "g_z: Hedges' g of the paired differences, their mean in standard deviations.",
        "Wins": f"Wins: seeds on which the variant is better ({shown.better}).",
    }
    if partly_compared(effects, runs):
        explained["n (seeds)"] = (
            "†: compared on the seeds on which both runs converged, so the difference may not equal the difference of"
            " the means shown."
        )
    strong = frozenset(place for place, name in enumerate(effects["verdict"]) if name.startswith(verdict.BETTER))
    note = " ".join([*explained.values(), *(["Bold: better than the baseline."] if strong else [])])
    return Table(title, display(effects, runs, shown), note, tuple(effects["variant"]), strong, explained)


def display(
    effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat = PERCENT, confidence: float = 0.95
) -> pd.DataFrame:
    """`effects` as text, in the units of `shown`; a dash for what is unknown."""
    labels, missing, marked = collect.labels(runs), lost_runs(runs), partly_compared(effects, runs)
    rows = list(effects.itertuples())
    cost = runs[runs["status"] == "completed"].groupby("variant")[["parameters", "seconds"]].median()
    table = {
        "Variant": [labels[variant] for variant in effects["variant"]],
        "n (seeds)": [f"{row.n}{'†' * (row.variant in marked)}" for row in rows],
        f"{shown.header}, mean ± SD": [shown.spread(row.mean, row.sd) for row in rows],
        f"{shown.difference_header} [{100 * confidence:g} % CI]": [
            shown.interval(row.difference, row.ci_low, row.ci_high) for row in rows
        ],
        "p (Holm)": effects["p_holm"].map(p_value),
        "Verdict": effects["verdict"],
        EQUIVALENCE: [_equivalence(row, shown) for row in rows],
        "g_z": effects["hedges_gz"].map(number),
        "Wins": [DASH if pd.isna(row.wins) else f"{row.wins}/{row.n}" for row in rows],
        "Parameters": [count(cost["parameters"].get(variant)) for variant in effects["variant"]],
        "Time (s), median": [number(cost["seconds"].get(variant, float("nan")), 1) for variant in effects["variant"]],
    }
    for name in (EQUIVALENCE, "Parameters", "Time (s), median"):
        if set(table[name]) == {DASH}:
            del table[name]
    if missing:
        table["Lost or at chance (runs)"] = [missing.get(variant, "0") for variant in effects["variant"]]
    return pd.DataFrame(table)


def _equivalence(row: Any, shown: MetricFormat) -> str:
    """The interval of the equivalence tests and their Holm p, where equivalence is shown."""
    if row.verdict not in (verdict.EQUIVALENT, verdict.BETTER_WITHIN, verdict.WORSE_WITHIN):
        return DASH
    low, high = shown.change(row.equivalence_low), shown.change(row.equivalence_high)
    return f"[{low}, {high}], p {p_value(row.p_equivalence_holm)}"
