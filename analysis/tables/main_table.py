"""The main table: each variant against the baseline, with its verdict."""

from typing import Any

import pandas as pd

from ablate.analysis import collect, verdict
from ablate.analysis.effects import planned_comparisons
from ablate.analysis.formats import DASH, count, difference, number, p_value
from ablate.analysis.report.incomplete import lost_runs, partly_compared
from ablate.analysis.tables.table import Table

EQUIVALENCE = "Equivalence [90 % CI]"


def main(effects: pd.DataFrame, runs: pd.DataFrame, margin: float | None = None) -> Table:
    """The table of effects. Bold: verdict better, which the highest mean alone is not.

    Args:
        effects: frame of `effects`.
        runs: frame of `collect`.
        margin: of equivalence, percentage points; None if not asked.
    """
    m = planned_comparisons(runs)
    note = (
        f"Primary family: the {m} planned variant{'s' * (m != 1)}. Better or worse: p below 0.05 after Holm's"
        " correction over the family."
    )
    if margin:
        note += (
            f" Equivalent, or within the margin: difference within ±{margin:g} points, p of two one-sided tests below"
            " 0.05 after a Holm correction of their own over the family; the 90 % CI belongs to these tests."
        )
    note += " Inconclusive: neither is shown. g_z: the difference in standard deviations of the paired differences."
    if (effects["verdict"] == verdict.NOT_TESTABLE).any():
        note += " Not testable: fewer than two shared seeds, or all differences equal."
    if partly_compared(effects, runs):
        note += (
            " †: compared over the seeds on which both converged; the difference is not that of the two rows' means."
        )
    strong = frozenset(place for place, name in enumerate(effects["verdict"]) if name.startswith(verdict.BETTER))
    title = "Validation accuracy and differences to the baseline"
    return Table(title, display(effects, runs), note, tuple(effects["variant"]), strong)


def display(effects: pd.DataFrame, runs: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """`effects` as text: percent, differences in percentage points, a dash for what is unknown."""
    labels, missing, marked = collect.labels(runs), lost_runs(runs), partly_compared(effects, runs)
    cost = runs[runs["status"] == "completed"].groupby("variant")[["parameters", "seconds"]].median()
    accuracy = [f"{number(100 * row.mean)} ± {number(100 * row.sd)}" for row in effects.itertuples()]
    table = {
        "Variant": [labels[variant] for variant in effects["variant"]],
        "n (seeds)": [f"{row.n}{'†' * (row.variant in marked)}" for row in effects.itertuples()],
        "Validation accuracy (%), mean ± SD": [DASH if text == f"{DASH} ± {DASH}" else text for text in accuracy],
        f"Difference (points) [{100 * confidence:g} % CI]": [
            difference(row.difference_pp, row.ci_low_pp, row.ci_high_pp) for row in effects.itertuples()
        ],
        "p (Holm)": effects["p_holm"].map(p_value),
        EQUIVALENCE: [_equivalence(row) for row in effects.itertuples()],
        "g_z": effects["hedges_gz"].map(number),
        "Wins": [DASH if pd.isna(row.wins) else f"{row.wins}/{row.n}" for row in effects.itertuples()],
        "Parameters": [count(cost["parameters"].get(variant)) for variant in effects["variant"]],
        "Time (s), median": [number(cost["seconds"].get(variant, float("nan")), 1) for variant in effects["variant"]],
        "Verdict": effects["verdict"],
    }
    if set(table[EQUIVALENCE]) == {DASH}:
        del table[EQUIVALENCE]
    if missing:
        table["Lost or at chance (runs)"] = [missing.get(variant, "0") for variant in effects["variant"]]
    return pd.DataFrame(table)


def _equivalence(row: Any) -> str:
    """The interval of the equivalence tests and their Holm p, where equivalence is shown."""
    if row.verdict not in (verdict.EQUIVALENT, verdict.BETTER_WITHIN, verdict.WORSE_WITHIN):
        return DASH
    low, high = number(row.equivalence_low_pp, sign="+"), number(row.equivalence_high_pp, sign="+")
    return f"[{low}, {high}], p {p_value(row.p_equivalence_holm)}"
