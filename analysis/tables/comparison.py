"""The variants against the baseline: the main table, and what is known beside Student's t."""

from collections.abc import Mapping

import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.effects import pairs
from ablate.analysis.formats import DASH, count, difference, number, p_value, share
from ablate.analysis.report.sentences import holes
from ablate.analysis.tables.table import Table


def main(effects: pd.DataFrame, runs: pd.DataFrame, margin: float | None = None) -> Table:
    """The table of effects. Bold is what is shown to be better, which the highest mean alone is not."""
    same = f"equivalent if the difference is shown to lie within ±{margin:g} points, " if margin else ""
    note = (
        "A variant is better or worse if p, corrected by Holm for the number of variants, is below 0.05,"
        f" {same}inconclusive if nothing is shown. g_z is the difference in standard deviations of the differences."
    )
    strong = frozenset(place for place, verdict in enumerate(effects["verdict"]) if verdict == "better")
    title = "Validation accuracy and differences to the baseline"
    return Table(title, display(effects, runs), note, tuple(effects["variant"]), strong)


def display(effects: pd.DataFrame, runs: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """`effects` as text for paper: per cent, differences in percentage points, a dash for what is not known."""
    labels, missing = collect.labels(runs), holes(runs)
    cost = runs[runs["status"] == "completed"].groupby("variant")[["parameters", "seconds"]].median()
    accuracy = [f"{number(100 * row.mean)} ± {number(100 * row.sd)}" for row in effects.itertuples()]
    table = {
        "Variant": [labels[variant] for variant in effects["variant"]],
        "n (seeds)": effects["n"].astype(str),
        "Validation accuracy (%), mean ± SD": [DASH if text == f"{DASH} ± {DASH}" else text for text in accuracy],
        f"Difference (points) [{100 * confidence:g} % CI]": [
            difference(row.difference_pp, row.ci_low_pp, row.ci_high_pp) for row in effects.itertuples()
        ],
        "p (Holm)": effects["p_holm"].map(p_value),
        "g_z": effects["hedges_gz"].map(number),
        "Wins": [DASH if pd.isna(row.wins) else f"{row.wins}/{row.n}" for row in effects.itertuples()],
        "Parameters": [count(cost["parameters"].get(variant)) for variant in effects["variant"]],
        "Time (s), median": [number(cost["seconds"].get(variant, float("nan")), 1) for variant in effects["variant"]],
        "Verdict": effects["verdict"],
    }
    if missing:
        table["Not completed (runs)"] = [missing.get(variant, "0") for variant in effects["variant"]]
    return pd.DataFrame(table)


TESTS_NOTE = (
    "P is the share of seeds with which the variant is the better one, a tie counting half, with Clopper and Pearson's"
    " interval. The sign-flip test is exact and wants six seeds. The p of equivalence is that of two one-sided paired t"
    " tests. None of these p is corrected for the number of variants."
)


def further_tests(effects: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """What is known of each paired variant beside Student's t, as text; the index are the variants."""
    labels, known = collect.labels(runs), pairs(runs).dropna(subset="baseline")
    groups, rows = dict(list(known.groupby("variant"))), {}
    for row in effects[effects["test"] == "paired t"].itertuples():
        if row.variant not in groups:
            continue
        own = groups[row.variant]
        won = stats.win_probability(own["value"], own["baseline"])
        rows[row.variant] = (
            labels[row.variant],
            str(row.n),
            f"{won.probability:.2f} [{won.low:.2f}, {won.high:.2f}]",
            p_value(stats.sign_flip_p(own["value"] - own["baseline"])),
            p_value(row.p_equivalence),
        )
    names = ["Variant", "n (seeds)", "P(better than the baseline) [95 % CI]", "p, sign flips", "p, equivalence"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


IMAGES_NOTE = (
    "The first interval is conditional on this set of validation images; the second is for other images too (seeds and"
    " images as crossed random effects)."
)


def images(
    effects: pd.DataFrame, crossed: Mapping[str, stats.CrossedInterval], labels: Mapping[str, str]
) -> pd.DataFrame:
    """The differences with their interval over seeds beside that over seeds and images, as text."""
    known = effects.set_index("variant")
    rows = []
    for name, both in crossed.items():
        seeds = known.loc[name, ["difference_pp", "ci_low_pp", "ci_high_pp"]]
        rows.append((labels[name], difference(*seeds), difference(100 * both.mean, 100 * both.low, 100 * both.high)))
    return pd.DataFrame(rows, columns=["Variant", "Over seeds (points) [95 % CI]", "Over seeds and images [95 % CI]"])


DIVERGED_NOTE = (
    "A run diverges when its loss is no longer a finite number; that is an outcome, not a hole. The interval of the"
    " share is Clopper and Pearson's. Where the verdict with diverged runs at chance is another, it is inconclusive."
)


def diverged(effects: pd.DataFrame, runs: pd.DataFrame) -> Table:
    """How many runs of each variant diverged, and the difference without them and with them scored at chance."""
    labels, rows = collect.labels(runs), []
    ended = runs[runs["status"].isin(("completed", "diverged"))].groupby("variant")["status"]
    for row in effects.itertuples():
        n, k = (ended.get_group(row.variant).agg(["size", lambda s: (s == "diverged").sum()])
                if row.variant in ended.groups else (0, 0))  # fmt: skip
        rows.append(
            (
                labels[row.variant],
                share(k, n, stats.proportion_interval(k, n)),
                number(row.difference_pp, sign="+"),
                number(row.difference_with_diverged_pp, sign="+"),
                row.verdict_with_diverged,
            )
        )
    names = ["Variant", "Diverged (runs) [95 % CI]", "Difference, both converged (points)",
             "Difference, diverged at chance (points)", "Verdict, diverged at chance"]  # fmt: skip
    cells = pd.DataFrame(rows, columns=names)
    return Table("Diverged runs", cells, DIVERGED_NOTE, tuple(effects["variant"]))
