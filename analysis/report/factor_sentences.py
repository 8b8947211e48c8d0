"""The effects of several factors as sentences: steps of a path, effects of a fraction, Shapley values."""

from typing import Any

import pandas as pd

from ablate.analysis import stats
from ablate.analysis.formats import p_value
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.verdict_sentences import NAMED
from ablate.analysis.results import Results
from ablate.analysis.stats.attribution import MODEL
from ablate.analysis.stats.linear_model import FRACTION
from ablate.runs.study_keys import keys_of
from ablate.study.path import PATH
from ablate.terminal.text import first_few


def factor_effects(results: Results) -> list[str]:
    """The steps of a path, the effects of a fraction, and Shapley values, where a study has them, a paragraph each."""
    return [*_path(results), *_fraction(results), *_attribution(results)]


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
    """The interval and p of an estimate in recorded units."""
    return _interval(row.low, row.high, row.p_holm, shown, shown.metric.scale)


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


def _path(results: Results) -> list[str]:
    """The steps of a path in their order, and what shows those of another one."""
    table, shown = results.path, results.format
    if table is None:
        return []
    steps = list(table.iloc[1:].itertuples())
    texts = [f"{row.change} {shown.plain(row.step)}{_interval(row.low, row.high, row.p_holm, shown)}" for row in steps]
    chosen = ", the largest loss first" if table["chosen"].any() else ""
    text = f"Ablation path (exploratory), one change after the other{chosen}: {first_few(texts, 2 * NAMED, '; ')}."
    if results.plan.design == PATH:
        return [text]
    text += " The order matters: a step is the effect of a change after those before it."
    if known := [row for row in steps[1:] if pd.notna(row.alone)]:
        alone = [f"{row.change} {shown.plain(row.alone)}, not {shown.bare(row.step)}" for row in known]
        text += f" Alone, the changes differ from the baseline by: {first_few(alone, 2 * NAMED, '; ')}."
    elif results.plan.design:
        keys = keys_of(results.plan.app)
        design = f"{keys.name.rpartition('.')[0]}.design=one_at_a_time"
        text += f" Each change alone: the same command with {design} {keys.extend}."
    return [text]


def _interval(low: float, high: float, p: float, shown: MetricFormat, scale: float = 1.0) -> str:
    """An interval and its p in parentheses; empty if nothing was tested."""
    if pd.isna(low):
        return ""
    return f" (95 % CI {shown.bare(scale * low)} to {shown.bare(scale * high)}, Holm p {p_value(p)})"
