"""Runs -> the effect of each variant (`effects`), its form for paper (`display`), and that as Markdown or LaTeX.

Fractions in frames and CSV, per cent and percentage points in `display`.
"""

import pandas as pd

from analysis import collect, stats

METRIC = "val_accuracy"
DASH = "—"
COLUMNS = ["variant", "n", "mean", "sd", "baseline_mean", "difference_pp", "ci_low_pp", "ci_high_pp", "p", "p_holm"]
COLUMNS += ["hedges_gz", "wins", "failures", "verdict"]


def pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """Completed runs beside the baseline's of the same seed: variant, seed, value, baseline (NaN if there is none)."""
    completed = runs.loc[runs["status"] == "completed", ["variant", "seed", METRIC]].rename(columns={METRIC: "value"})
    baseline = completed.loc[completed["variant"] == collect.BASELINE, ["seed", "value"]]
    return completed.merge(baseline.rename(columns={"value": "baseline"}), on="seed", how="left")


def effects(runs: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """One row a variant, the baseline first, with the columns of `report/effects.csv`.

    n, mean, sd and baseline_mean are over the seeds that variant and baseline both completed; if they share none, n,
    mean and sd are the variant's own and nothing is compared. `verdict` holds p_holm against 1 - confidence.
    """
    completed = pairs(runs)
    groups = dict(list(completed.groupby("variant")))
    nothing = completed.iloc[:0]
    table = pd.DataFrame([_effect(name, groups.get(name, nothing), confidence) for name in collect.labels(runs)])
    compared = table["variant"] != collect.BASELINE
    table["p_holm"] = float("nan")
    table.loc[compared, "p_holm"] = stats.holm(table.loc[compared, "p"])
    table["failures"] = table["variant"].map((runs["status"] != "completed").groupby(runs["variant"]).sum())
    table["verdict"] = [
        "baseline" if row.variant == collect.BASELINE else _verdict(row.p_holm, row.difference_pp, 1 - confidence)
        for row in table.itertuples()
    ]
    return table.astype({"n": "Int64", "wins": "Int64", "failures": "Int64"})[COLUMNS]


def _effect(variant: str, runs: pd.DataFrame, confidence: float) -> dict:
    """The row of one variant, from its completed runs as `pairs` gives them."""
    paired = runs.dropna(subset="baseline")
    own = runs if paired.empty else paired
    row = {"variant": variant, "n": len(own), "mean": own["value"].mean(), "sd": own["value"].std()}
    row["baseline_mean"] = paired["baseline"].mean()
    if variant == collect.BASELINE:
        empty = ("difference_pp", "ci_low_pp", "ci_high_pp", "p", "hedges_gz", "wins")
        return row | dict.fromkeys(empty, float("nan"))
    effect = stats.paired_difference(paired["value"], paired["baseline"], confidence)
    return row | {
        "difference_pp": 100 * effect.mean,
        "ci_low_pp": 100 * effect.low,
        "ci_high_pp": 100 * effect.high,
        "p": effect.p,
        "hedges_gz": effect.g_z,
        "wins": effect.wins if effect.n else float("nan"),
    }


def _verdict(p_holm: float, difference: float, alpha: float) -> str:
    """In a word, what the adjusted p-value allows to be said. A large one never says that there is no effect."""
    if pd.isna(p_holm):
        return "not testable"
    if p_holm >= alpha:
        return "inconclusive"
    return "better" if difference > 0 else "worse"


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
    accuracy = [f"{_number(100 * row.mean)} ± {_number(100 * row.sd)}" for row in effects.itertuples()]
    table = {
        "Variant": [labels[variant] for variant in effects["variant"]],
        "n (seeds)": effects["n"].astype(str),
        "Validation accuracy (%), mean ± SD": [DASH if text == f"{DASH} ± {DASH}" else text for text in accuracy],
        f"Difference (points) [{100 * confidence:g} % CI]": [_difference(row) for row in effects.itertuples()],
        "p (Holm)": effects["p_holm"].map(_p_value),
        "Wins": [DASH if pd.isna(row.wins) else f"{row.wins}/{row.n}" for row in effects.itertuples()],
        "Verdict": effects["verdict"],
    }
    if missing:
        table["Not completed (runs)"] = [missing.get(variant, "0") for variant in effects["variant"]]
    return pd.DataFrame(table)


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


def to_markdown(table: pd.DataFrame) -> str:
    """A `display` frame as a GitHub-flavoured Markdown table."""
    escaped = table.map(lambda text: str(text).replace("|", r"\|"))
    # Without `disable_numparse` a p-value of 0.030 would be printed as 0.03.
    return escaped.to_markdown(index=False, disable_numparse=True) + "\n"


def to_latex(table: pd.DataFrame) -> str:
    r"""A `display` frame as a `tabular` to \input in a paper that loads the package booktabs."""
    styler = table.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis="columns")
    text = styler.to_latex(hrules=True, column_format="l" * len(table.columns))
    symbols = {"±": r"$\pm$", "−": "$-$", DASH: "---", "<": "$<$", ">": "$>$", "|": "$|$"}
    return text.translate(str.maketrans(symbols))


def _number(value: float, digits: int = 2, sign: str = "") -> str:
    """A number with a true minus, or a dash."""
    return DASH if pd.isna(value) else f"{value:{sign}.{digits}f}".replace("-", "−")


def _difference(row: tuple) -> str:
    """The difference with its interval, as far as they are known."""
    if pd.isna(row.difference_pp):
        return DASH
    interval = (
        DASH if pd.isna(row.ci_low_pp) else f"[{_number(row.ci_low_pp, sign='+')}, {_number(row.ci_high_pp, sign='+')}]"
    )
    return f"{_number(row.difference_pp, sign='+')} {interval}"


def _p_value(p: float) -> str:
    """Three decimals, as no study here supports more."""
    return DASH if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _last_line(error: str, width: int = 100) -> str:
    """The last line of an error's text, cut to `width` characters."""
    lines = error.strip().splitlines() or [DASH]
    return lines[-1] if len(lines[-1]) <= width else lines[-1][: width - 1] + "…"
