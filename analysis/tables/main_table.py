"""The main table: each variant against the baseline, with its verdict."""

from typing import Any

import pandas as pd

from ablate.analysis import collect, verdict
from ablate.analysis.formats import DASH, count, difference, number, p_value
from ablate.analysis.report.incomplete import lost_runs, partly_compared
from ablate.analysis.report.verdict_sentences import rule
from ablate.analysis.tables.table import Table

EQUIVALENCE = "Equivalence [90 % CI]"


def main(effects: pd.DataFrame, runs: pd.DataFrame, margin: float | None = None) -> Table:
    """The table of effects. Bold: verdict better, which the highest mean alone is not.

    Args:
        effects: frame of `effects`.
        runs: frame of `collect`.
        margin: of equivalence, percentage points; None if not asked.
    """
    title = "Validation accuracy and differences from the baseline"
    spread = "±: standard deviation over seeds (n - 1)."
    if len(effects) < 2:
        return Table(title, display(effects, runs), spread, tuple(effects["variant"]))
    note = (
        f"{rule(effects, margin)} {spread} g_z: Hedges' g of the paired differences, their mean in standard deviations."
        " Wins: seeds on which the variant has the higher accuracy."
    )
    if partly_compared(effects, runs):
        note += (
            " †: compared over the seeds on which both converged; the difference is not that of the two rows' means."
        )
    strong = frozenset(place for place, name in enumerate(effects["verdict"]) if name.startswith(verdict.BETTER))
    if strong:
        note += " Bold: better than the baseline."
    return Table(title, display(effects, runs), note, tuple(effects["variant"]), strong)


def display(effects: pd.DataFrame, runs: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """`effects` as text: percent, differences in percentage points, a dash for what is unknown."""
    labels, missing, marked = collect.labels(runs), lost_runs(runs), partly_compared(effects, runs)
    rows = list(effects.itertuples())
    cost = runs[runs["status"] == "completed"].groupby("variant")[["parameters", "seconds"]].median()
    accuracy = [f"{number(100 * row.mean)} ± {number(100 * row.sd)}" for row in rows]
    table = {
        "Variant": [labels[variant] for variant in effects["variant"]],
        "n (seeds)": [f"{row.n}{'†' * (row.variant in marked)}" for row in rows],
        "Validation accuracy (%), mean ± SD": [DASH if text == f"{DASH} ± {DASH}" else text for text in accuracy],
        f"Difference (points) [{100 * confidence:g} % CI]": [
            difference(row.difference_pp, row.ci_low_pp, row.ci_high_pp) for row in rows
        ],
        "p (Holm)": effects["p_holm"].map(p_value),
        EQUIVALENCE: [_equivalence(row) for row in rows],
        "g_z": effects["hedges_gz"].map(number),
        "Wins": [DASH if pd.isna(row.wins) else f"{row.wins}/{row.n}" for row in rows],
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
