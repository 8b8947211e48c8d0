"""The variants against the baseline: the main table, and what is known besides Student's t."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ablate.analysis import collect, stats, verdict
from ablate.analysis.effects import pairs, planned_comparisons
from ablate.analysis.formats import DASH, count, difference, number, p_value, share
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


TESTS_NOTE = (
    "Exploratory. P: (wins + ties / 2) / n with Clopper and Pearson's interval. Sign-flip test: from six seeds; exact"
    f" up to {stats.EXACT} seeds, Monte Carlo (99,999 draws) above; Holm's correction within this table."
)


def further_tests(effects: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Tests of each paired variant that do not assume a normal distribution, as text; the index are the variants."""
    labels, known = collect.labels(runs), pairs(runs).dropna(subset="baseline")
    groups = dict(list(known.groupby("variant")))
    paired = [name for name in effects.loc[effects["test"] == "paired t", "variant"] if name in groups]
    raw = [stats.sign_flip_p(groups[name]["value"] - groups[name]["baseline"]) for name in paired]
    rows = {}
    for name, p, p_holm in zip(paired, raw, stats.holm(raw), strict=True):
        results = groups[name]
        won = stats.win_probability(results["value"], results["baseline"])
        simulated = " (Monte Carlo)" if len(results) > stats.EXACT else ""
        rows[name] = (
            labels[name],
            str(len(results)),
            f"{won.probability:.2f} [{won.low:.2f}, {won.high:.2f}]",
            p_value(p) + simulated,
            p_value(p_holm),
        )
    names = ["Variant", "n (seeds)", "P(beats the baseline) [95 % CI]", "p, sign flips", "p, sign flips (Holm)"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


IMAGES_NOTE = (
    "Exploratory, not corrected. The first interval is conditional on this set of validation images; the second also"
    " holds for other images (seeds and images as crossed random effects) and is never the narrower one."
)


def images(
    effects: pd.DataFrame, crossed: Mapping[str, stats.CrossedInterval], labels: Mapping[str, str]
) -> pd.DataFrame:
    """The differences with their interval over seeds and that over seeds and images, as text."""
    known = effects.set_index("variant")
    rows = []
    for name, both in crossed.items():
        seeds = known.loc[name, ["difference_pp", "ci_low_pp", "ci_high_pp"]]
        rows.append((labels[name], difference(*seeds), difference(100 * both.mean, 100 * both.low, 100 * both.high)))
    return pd.DataFrame(rows, columns=["Variant", "Over seeds (points) [95 % CI]", "Over seeds and images [95 % CI]"])


DIVERGED_NOTE = (
    "Counted: runs whose loss became infinite or NaN, and runs at chance (predictions of one class alone, or accuracy"
    " not above chance by a one-sided exact binomial test at .001). Runs without a result are not counted. Intervals:"
    " Clopper and Pearson. p: Fisher's exact test against the baseline, corrected over the planned variants. The"
    " comparison is made without diverged runs and with them scored at chance, 1 / classes; a run at chance keeps its"
    " own accuracy. Where the two verdicts disagree, the verdict is inconclusive."
)


def diverged(effects: pd.DataFrame, runs: pd.DataFrame) -> Table:
    """How many runs of each variant diverged, and the comparison without them and with them scored at chance."""
    labels = collect.labels(runs)
    rows = [
        (
            labels[row.variant],
            share(row.diverged, row.ended, stats.proportion_interval(row.diverged, row.ended)),
            p_value(row.p_divergence),
            number(row.difference_pp, sign="+"),
            row.verdict_converged,
            number(row.difference_at_chance_pp, sign="+"),
            row.verdict_at_chance or "not computed",
        )
        for row in effects.itertuples()
    ]
    names = ["Variant", "Diverged or at chance (runs) [95 % CI]", "p (Fisher)", "Difference, both converged (points)",
             "Verdict, both converged", "Difference, diverged at chance (points)",
             "Verdict, diverged at chance"]  # fmt: skip
    return Table("Diverged runs", pd.DataFrame(rows, columns=names), DIVERGED_NOTE, tuple(effects["variant"]))
