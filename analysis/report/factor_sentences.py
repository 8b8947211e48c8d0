"""The effects of several factors as sentences: main effects, what the design cannot separate, Shapley values."""

from typing import Any

from ablate.analysis import stats
from ablate.analysis.formats import p_value
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.verdict_sentences import NAMED
from ablate.analysis.results import Results
from ablate.analysis.stats.attribution import MODEL
from ablate.analysis.stats.linear_model import FRACTION
from ablate.terminal.text import first_few


def factor_effects(results: Results) -> list[str]:
    """The effects of a fraction, and the Shapley values of a study that has them, a paragraph each."""
    return [*_fraction(results), *_attribution(results)]


def _fraction(results: Results) -> list[str]:
    """The largest effects of a fraction with their aliases, since single variants do not show them."""
    table = results.contrasts
    if table is None or not table["method"].eq(FRACTION).any():
        return []
    known = table[table["estimable"]]
    largest = known.loc[known["mean"].abs().sort_values(ascending=False, kind="stable").index]
    texts = [_effect(row, results.format) for row in largest.itertuples()]
    paragraphs = [
        f"Effects of the fraction (exploratory, linear model), largest first: {first_few(texts, NAMED, '; ')}."
    ]
    aliased = [f"{_name(row)} {row.aliases}" for row in known.itertuples() if row.aliases]
    if aliased:
        paragraphs.append(f"The design cannot separate: {first_few(aliased, 2 * NAMED, '; ')}.")
    return paragraphs


def _name(row: Any) -> str:
    name = f"{row.factor}={row.level}"
    return name if row.kind == "main" else f"{name} × {row.factor_2}={row.level_2}"


def _effect(row: Any, shown: MetricFormat) -> str:
    """An effect with its aliases, interval and p."""
    scale = shown.metric.scale
    name = f"{_name(row)} (aliased)" if row.aliases else _name(row)
    return f"{name} {shown.plain(scale * row.mean)}{_tested(row, shown)}"


def _tested(row: Any, shown: MetricFormat) -> str:
    """The interval and p of an estimate; empty if it cannot be tested."""
    if row.low != row.low:
        return ""
    scale = shown.metric.scale
    return f" (95 % CI {shown.bare(scale * row.low)} to {shown.bare(scale * row.high)}, Holm p {p_value(row.p_holm)})"


def _attribution(results: Results) -> list[str]:
    """The Shapley values, largest first."""
    table, shown = results.attribution, results.format
    if table is None:
        return []
    scale = shown.metric.scale
    rows = table[table["factor"] != stats.TOTAL].sort_values("mean", key=abs, ascending=False, kind="stable")
    texts = [
        f"{row.factor}={row.level} {shown.plain(scale * row.mean)}{_tested(row, shown)}" for row in rows.itertuples()
    ]
    total = shown.plain(scale * table["mean"].iloc[-1])
    model = ", by the linear model" if (table["method"] == MODEL).any() else ""
    return [
        f"Attribution (Shapley values, exploratory{model}) of the difference of all changes together, {total}:"
        f" {first_few(texts, NAMED, '; ')}."
    ]
