r"""LaTeX macros for the numbers of a study: \input{numbers.tex}, then \ablate{normalization=none}{difference}."""

import re
from collections.abc import Iterator

import pandas as pd

from ablate.analysis import collect, stats
from ablate.analysis.effects import planned_comparisons
from ablate.analysis.formats import latex_symbols, number, p_value, significant
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.limits import paired_seeds
from ablate.analysis.results import Results

HEAD = r"""% \ablate{name}{quantity} prints a number of this study. name: a variant, a main effect (main:factor=level),
% an interaction (factor=level*factor=level),
% a Shapley value (shapley:factor=level), or study. Values in the units of the tables.
\providecommand{\ablate}[2]{\ifcsname ablate:#1:#2\endcsname\csname ablate:#1:#2\endcsname
  \else\errmessage{No quantity #2 for #1 in numbers.tex}\fi}
"""


def to_tex(results: Results) -> str:
    r"""Write the text of numbers.tex. Characters that \csname does not allow in a name become hyphens."""
    lines, used = [HEAD], set()
    for name, quantities in _quantities(results):
        safe = re.sub(r"[^A-Za-z0-9=._+*/:, @-]", "-", name)
        while safe in used:
            safe += "-"
        used.add(safe)
        for quantity, text in quantities.items():
            lines.append(rf"\expandafter\def\csname ablate:{safe}:{quantity}\endcsname{{{latex_symbols(text)}}}" + "\n")
    return "".join(lines)


def _quantities(results: Results) -> Iterator[tuple[str, dict[str, str]]]:
    """(name, {quantity: text}) for the study, each variant, each main effect and each interaction."""
    runs, shown, scale = results.runs, results.format, results.metric.scale
    statuses = runs["status"].value_counts()
    yield (
        "study",
        {
            "runs": str(len(runs)),
            "completed": str(statuses.get("completed", 0)),
            "diverged": str(statuses.get("diverged", 0)),
            "holes": str(int(runs["status"].isin(collect.HOLES).sum())),
            "variants": str(runs["variant"].nunique()),
            "seeds": str(runs["seed"].nunique()),
            **_detectable(results),
        },
    )
    cost = runs[runs["status"] == "completed"].groupby("variant")[["parameters", "seconds"]].median()
    for row in results.effects.itertuples():
        quantities = {"n": str(row.n), "mean": shown.value(row.mean), "sd": shown.value(row.sd)}
        quantities["parameters"] = number(cost["parameters"].get(row.variant, float("nan")), 0)
        quantities["seconds"] = number(cost["seconds"].get(row.variant, float("nan")), 1)
        if row.variant != collect.BASELINE:
            quantities |= {
                **_difference(shown, row.difference, row.ci_low, row.ci_high),
                "p": p_value(row.p_holm),
                "gz": number(row.hedges_gz),
                "wins": "---" if pd.isna(row.wins) else str(row.wins),
                "verdict": row.verdict,
            }
        yield row.variant, quantities
    for row in results.contrasts.itertuples() if results.contrasts is not None else ():
        name = f"{row.factor}={row.level}"
        name = f"{name}*{row.factor_2}={row.level_2}" if row.kind == "interaction" else f"main:{name}"
        yield (
            name,
            {**_difference(shown, scale * row.mean, scale * row.low, scale * row.high), "p": p_value(row.p_holm)},
        )
    for row in results.attribution.itertuples() if results.attribution is not None else ():
        name = f"shapley:{row.factor}={row.level}" if row.factor else "shapley:all"
        yield name, _difference(shown, scale * row.mean, scale * row.low, scale * row.high) | {"p": p_value(row.p_holm)}


def _detectable(results: Results) -> dict[str, str]:
    """The minimum detectable effect d_z at 80 % power; none where the report states none."""
    n = paired_seeds(results)
    if n is None:
        return {}
    size = stats.minimum_detectable_effect(n, comparisons=planned_comparisons(results.runs))
    return {"detectable": significant(size)}


def _difference(shown: MetricFormat, mean: float, low: float, high: float) -> dict[str, str]:
    """A difference and its interval, in printed units."""
    return {name: shown.change(value) for name, value in (("difference", mean), ("low", low), ("high", high))}
