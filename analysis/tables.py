"""Results -> the tables of the report, all of text for paper."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis import collect, stats
from analysis.formats import DASH, count, difference, number, p_value, share
from analysis.results import Results
from analysis.sentences import holes


@dataclass(frozen=True, eq=False)
class Table:
    """A table of text, with a note of its own, the variant each row is about, and the rows that are set in bold."""

    title: str
    cells: pd.DataFrame
    note: str = ""
    variants: tuple[str, ...] = ()  # none: the numbers are of all runs together
    strong: frozenset[int] = frozenset()


NAMES = ("effects", "changes", "contrasts", "anova", "classes", "images", "diverged", "failures")


def every(results: Results) -> dict[str, Table]:
    """The tables this study has, by the name of their file, one of `NAMES`."""
    runs, effects, labels = results.runs, results.effects, results.labels
    found = {"effects": main(effects, runs)}
    if len(results.changes):
        found["changes"] = changes(results.changes, labels)
    if results.contrasts is not None and results.anova is not None:
        found["contrasts"] = Table("Main effects and interactions", contrasts(results.contrasts))
        found["anova"] = Table("Analysis of variance", anova(results.anova), ANOVA_NOTE)
    if results.classes is not None:
        rows = tuple(results.classes.index)
        found["classes"] = Table("Accuracy on each class", classes(results.classes, labels), variants=rows)
    if results.crossed:
        rows = tuple(results.crossed)
        found["images"] = Table(
            "Differences over seeds and images", images(effects, results.crossed, labels), IMAGES_NOTE, rows
        )
    if (runs["status"] == "diverged").any():
        found["diverged"] = diverged(effects, runs)
    if (runs["status"] != "completed").any():
        lost = runs.loc[runs["status"] != "completed", "variant"]
        found["failures"] = Table("Not completed", failures(runs), variants=tuple(lost))
    return found


def main(effects: pd.DataFrame, runs: pd.DataFrame) -> Table:
    """The table of effects. Bold is what is shown to be better, which the highest mean alone is not."""
    strong = frozenset(place for place, verdict in enumerate(effects["verdict"]) if verdict == "better")
    title = "Validation accuracy and differences to the baseline"
    return Table(title, display(effects, runs), "", tuple(effects["variant"]), strong)


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


def changes(found: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """What each variant's configuration has in place of the baseline's."""
    cells = found.assign(variant=found["variant"].map(labels)).set_axis(["Variant", "Key", "Baseline", "Value"], axis=1)
    return Table("What each variant changes", cells, variants=tuple(found["variant"]))


def contrasts(found: pd.DataFrame) -> pd.DataFrame:
    """Main effects and interactions as text, in percentage points."""
    table = []
    for row in found.itertuples():
        name = f"{row.factor}={row.level}" + (f" × {row.factor_2}={row.level_2}" if row.kind == "interaction" else "")
        table.append(
            {
                "Effect": name,
                "Kind": row.kind,
                "n (seeds)": str(row.n) if row.estimable else DASH,
                "Difference (points) [95 % CI]": difference(100 * row.mean, 100 * row.low, 100 * row.high),
                "p (Holm)": p_value(row.p_holm) if row.estimable else "not estimable",
            }
        )
    return pd.DataFrame(table)


ANOVA_NOTE = (
    "Seeds are blocks; a term is compared with the model of all terms that do not contain it (type II). "
    "Secondary to the contrasts: it assumes one error variance for all variants."
)


def anova(found: pd.DataFrame) -> pd.DataFrame:
    """The analysis of variance as text; sums of squares in squared percentage points."""
    return pd.DataFrame(
        {
            "Term": found["term"].str.replace(":", " × "),
            "df": found["df"].astype(str),
            "Sum of squares (points²)": [number(1e4 * value) for value in found["sum_sq"]],
            "F": found["F"].map(number),
            "p": [p_value(row.p) if row.estimable else "not estimable" for row in found.itertuples()],
            "Partial ω²": found["partial_omega_sq"].map(number),
        }
    )


def classes(found: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """`predictions.class_differences` as text: the baseline in per cent, the others in points from it."""
    first, *others = found.index
    rows = [[f"{labels[first]} (%)", *(number(value, 1) for value in found.loc[first])]]
    rows += [
        [f"{labels[name]} (points)", *(number(value, 1, sign="+") for value in found.loc[name])] for name in others
    ]
    return pd.DataFrame(rows, columns=["Variant", *found.columns])


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


def failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Each run that is not completed, as text, with the last line of its error."""
    lost = runs[runs["status"] != "completed"]
    return pd.DataFrame(
        {
            "Variant": lost["variant"].map(collect.labels(runs)),
            "Seed": lost["seed"].astype(str),
            "Status": lost["status"],
            "Epochs done": lost["epochs"].astype("string").fillna(DASH),
            "Error": [_last_line(error) for error in lost["error"]],
            "Folder": lost["folder"],
        }
    ).reset_index(drop=True)


def _last_line(error: str, width: int = 100) -> str:
    """The last line of an error's text, cut to `width` characters."""
    lines = error.strip().splitlines() or [DASH]
    return lines[-1] if len(lines[-1]) <= width else lines[-1][: width - 1] + "…"
