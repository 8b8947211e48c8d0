"""Frames -> tables of text for paper, and those as Markdown or LaTeX; per cent and percentage points."""

from collections.abc import Mapping

import pandas as pd

from analysis import collect, power, stats
from analysis.effects import pairs

DASH = "—"


def holes(runs: pd.DataFrame) -> dict[str, str]:
    """The variants with runs that are not completed, in words: `1 diverged, 2 missing`."""
    order, words = ("diverged", "pruned", *collect.HOLES), {}
    for variant, statuses in runs[runs["status"] != "completed"].groupby("variant", sort=False)["status"]:
        counts = statuses.value_counts()
        words[variant] = ", ".join(f"{counts[status]} {status}" for status in order if status in counts)
    return words


def display(effects: pd.DataFrame, runs: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """`effects` as text for paper: per cent, differences in percentage points, a dash for what is not known."""
    labels, missing = collect.labels(runs), holes(runs)
    cost = runs[runs["status"] == "completed"].groupby("variant")[["parameters", "seconds"]].median()
    accuracy = [f"{_number(100 * row.mean)} ± {_number(100 * row.sd)}" for row in effects.itertuples()]
    table = {
        "Variant": [labels[variant] for variant in effects["variant"]],
        "n (seeds)": effects["n"].astype(str),
        "Validation accuracy (%), mean ± SD": [DASH if text == f"{DASH} ± {DASH}" else text for text in accuracy],
        f"Difference (points) [{100 * confidence:g} % CI]": [_difference(row) for row in effects.itertuples()],
        "p (Holm)": effects["p_holm"].map(p_value),
        "g_z": effects["hedges_gz"].map(_number),
        "Wins": [DASH if pd.isna(row.wins) else f"{row.wins}/{row.n}" for row in effects.itertuples()],
        "Parameters": [_count(cost["parameters"].get(variant)) for variant in effects["variant"]],
        "Time (s), median": [_number(cost["seconds"].get(variant, float("nan")), 1) for variant in effects["variant"]],
        "Verdict": effects["verdict"],
    }
    if missing:
        table["Not completed (runs)"] = [missing.get(variant, "0") for variant in effects["variant"]]
    return pd.DataFrame(table)


def contrasts(found: pd.DataFrame) -> pd.DataFrame:
    """Main effects and interactions as text, in percentage points."""
    table = []
    for row in found.itertuples():
        name = f"{row.factor}={row.level}" + (f" × {row.factor_2}={row.level_2}" if row.kind == "interaction" else "")
        interval = f"{_number(100 * row.mean, sign='+')} [{_number(100 * row.low, sign='+')}, "
        interval += f"{_number(100 * row.high, sign='+')}]"
        table.append(
            {
                "Effect": name,
                "Kind": row.kind,
                "n (seeds)": str(row.n) if row.estimable else DASH,
                "Difference (points) [95 % CI]": interval if row.estimable and row.n else DASH,
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
            "Sum of squares (points²)": [_number(1e4 * value) for value in found["sum_sq"]],
            "F": found["F"].map(_number),
            "p": [p_value(row.p) if row.estimable else "not estimable" for row in found.itertuples()],
            "Partial ω²": found["partial_omega_sq"].map(_number),
        }
    )


def classes(found: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """`predictions.class_differences` as text: the baseline in per cent, the others in points from it."""
    first, *others = found.index
    rows = [[f"{labels[first]} (%)", *(_number(value, 1) for value in found.loc[first])]]
    rows += [
        [f"{labels[name]} (points)", *(_number(value, 1, sign="+") for value in found.loc[name])] for name in others
    ]
    return pd.DataFrame(rows, columns=["Variant", *found.columns])


IMAGES_NOTE = (
    "The first interval is conditional on this set of validation images; the second is for other images too (seeds and"
    " images as crossed random effects)."
)


def images(
    effects: pd.DataFrame, crossed: Mapping[str, stats.CrossedInterval | None], labels: Mapping[str, str]
) -> pd.DataFrame:
    """The differences with their interval over seeds beside that over seeds and images, as text."""
    rows = []
    for row in effects.itertuples():
        both = crossed[row.variant]
        if both is not None:
            low, high = (_number(100 * bound, sign="+") for bound in (both.low, both.high))
            rows.append(
                (labels[row.variant], _difference(row), f"{_number(100 * both.mean, sign='+')} [{low}, {high}]")
            )
    return pd.DataFrame(rows, columns=["Variant", "Over seeds (points) [95 % CI]", "Over seeds and images [95 % CI]"])


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


def notes(runs: pd.DataFrame, curves: pd.DataFrame) -> list[str]:
    """What a reader of the numbers must know and the table does not show, a sentence each."""
    said = []
    completed = runs[runs["status"] == "completed"]
    code = completed["code_sha256"].fillna("unknown").str[:12].value_counts(sort=False)
    if len(code) > 1:
        counts = ", ".join(f"{name} ({count} runs)" for name, count in code.items())
        said.append(f"The numbers come from mixed code: {counts}. Run the study again to compare like with like.")
    paired = pairs(runs)
    shared = paired.groupby("variant")["baseline"].agg(["size", "count"])
    for variant, row in shared[shared["size"] > shared["count"]].iterrows():
        kept = "its row shows all of them, uncompared" if row["count"] == 0 else "they are left out of its row"
        alone = row["size"] - row["count"]
        said.append(
            f"{collect.labels(runs)[variant]}: {alone} completed without a baseline run of the same seed; {kept}."
        )
    drawn = curves.groupby(["variant", "seed"]).size().rename("drawn")
    short = completed.join(drawn, on=["variant", "seed"])[["drawn", "epochs"]].fillna(0)
    cut = int((short["drawn"] < short["epochs"].clip(lower=1)).sum())
    if cut:
        said.append(f"{cut} completed runs have no whole metrics.csv: their loss curve is missing or ends early.")
    return said


def limits(effects: pd.DataFrame) -> list[str]:
    """What a study of this size can not tell, a sentence each."""
    tested = effects[effects["p"].notna()]
    if not len(tested):
        return []
    n, m = int(tested["n"].min()), len(tested)
    said = [power.smallest(n, m)]
    if m > 1:
        said.append(
            f"The highest of {m + 1} means is too high by {stats.optimism(m + 1):.2f} of its standard errors on"
            " average, were all of them equal: choose by validation accuracy, then test once."
        )
    return said


def to_markdown(table: pd.DataFrame) -> str:
    """A `display` frame as a GitHub-flavoured Markdown table."""
    escaped = table.map(lambda text: str(text).replace("|", r"\|"))
    # Without `disable_numparse` a p-value of 0.030 would be printed as 0.03.
    return escaped.to_markdown(index=False, disable_numparse=True) + "\n"


def to_latex(table: pd.DataFrame) -> str:
    r"""A `display` frame as a `tabular` to \input in a paper that loads the package booktabs."""
    styler = table.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis="columns")
    text = styler.to_latex(hrules=True, column_format="l" * len(table.columns))
    symbols = {
        "±": r"$\pm$",
        "−": "$-$",
        DASH: "---",
        "<": "$<$",
        ">": "$>$",
        "|": "$|$",
        "²": "$^2$",
        "ω": r"$\omega$",
        "×": r"$\times$",
    }
    return text.translate(str.maketrans(symbols))


def _number(value: float, digits: int = 2, sign: str = "") -> str:
    """A number with a true minus, or a dash."""
    return DASH if pd.isna(value) else f"{value:{sign}.{digits}f}".replace("-", "−")


def _count(number: float | None) -> str:
    """Thousands and millions: `553 k`, `1.2 M`."""
    if number is None or pd.isna(number):
        return DASH
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(int(number))


def _difference(row: tuple) -> str:
    """The difference with its interval, as far as they are known."""
    if pd.isna(row.difference_pp):
        return DASH
    interval = (
        DASH if pd.isna(row.ci_low_pp) else f"[{_number(row.ci_low_pp, sign='+')}, {_number(row.ci_high_pp, sign='+')}]"
    )
    return f"{_number(row.difference_pp, sign='+')} {interval}"


def p_value(p: float) -> str:
    """Three decimals, as no study here supports more."""
    return DASH if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _last_line(error: str, width: int = 100) -> str:
    """The last line of an error's text, cut to `width` characters."""
    lines = error.strip().splitlines() or [DASH]
    return lines[-1] if len(lines[-1]) <= width else lines[-1][: width - 1] + "…"
