"""The differences from the baseline as small pictures in the rows of a table, all on one scale."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from ablate.analysis import collect, interval_limits, verdict
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.html_axis import Axis
from ablate.analysis.variant_results import differences

WIDTH, HEIGHT, EDGE = 170, 22, 8  # pixels of a picture, and the space left and right of the scale
MOST_SEEDS = 30  # dots of a row
# The mark of each verdict around (0, 0), and whether it is filled; its color is that of its class in report.css.
UP, DOWN = "M0-5 5 4.5H-5Z", "M0 5 5-4.5H-5Z"
MARKS = {
    verdict.BETTER: (UP, True),
    verdict.BETTER_WITHIN: (UP, False),
    verdict.WORSE: (DOWN, True),
    verdict.WORSE_WITHIN: (DOWN, False),
    verdict.EQUIVALENT: ("M-4-4H4V4H-4Z", True),
    verdict.DIVERGES: ("M-4-4 4 4M4-4-4 4", False),
    verdict.CONVERGES: ("M-5 0H5M0-5V5", False),
    verdict.INCONCLUSIVE: ("M0-5 5 0 0 5-5 0Z", False),
    verdict.NOT_TESTABLE: ("M-4 0A4 4 0 1 0 4 0 4 4 0 1 0-4 0", False),
}


def forest(effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat) -> tuple[Markup, dict[str, Markup]] | None:
    """The picture above the column and that of each variant; None if no variant has a difference.

    A picture has the single seeds as small circles, the 95 % interval as a bar, the mean as the mark of the verdict,
    a line at zero and the margin as a band.

    Args:
        effects: frame of `effects`.
        runs: frame of `collect`.
        shown: how the metric is printed, with the margin.
    """
    if effects["difference"].isna().all():
        return None
    margin = shown.metric.margin
    axis = Axis(*interval_limits.of_effects(effects, runs, shown.metric), EDGE, WIDTH - EDGE)
    by_seed: Mapping[Any, pd.Series] = dict(list(differences(runs, shown.metric).groupby(level="variant")))
    rows = {row.variant: _row(row, axis, margin, by_seed.get(row.variant)) for row in effects.itertuples()}
    return _header(axis, shown), rows


def mark(name: str) -> Markup:
    """The mark of a verdict as a small picture; empty for the baseline."""
    if name not in MARKS:
        return Markup()
    return Markup('<svg class="mark" width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">{}</svg>').format(
        _mark(name)
    )


def _mark(name: str, x: float = 0, y: float = 0) -> Markup:
    path, filled = MARKS[name]
    color = name.partition(",")[0].replace(" ", "-")
    place = f' transform="translate({x} {y})"' if x or y else ""
    return Markup(f'<path class="{color}{" filled" if filled else ""}"{place} d="{path}"/>')


def _row(row: Any, axis: Axis, margin: float | None, seeds: pd.Series | None) -> Markup:
    """The picture of one variant; the numbers are in the cells next to it."""
    middle = HEIGHT // 2
    parts = []
    if margin:
        left = axis.at(-margin)
        parts.append(f'<rect class="margin" x="{left}" width="{axis.at(margin) - left:.1f}" height="{HEIGHT}"/>')
    parts.append(f'<path class="zero" d="M{axis.at(0)} 0V{HEIGHT}"/>')
    if seeds is not None and len(seeds) <= MOST_SEEDS:
        parts += [f'<circle class="seed" cx="{axis.at(value)}" cy="{middle}" r="2"/>' for value in seeds]
    if not np.isnan(row.ci_low):
        parts.append(f'<path class="interval" d="{_interval(row.ci_low, row.ci_high, axis, middle)}"/>')
    if not np.isnan(row.difference) and row.variant != collect.BASELINE:
        parts.append(_mark(row.verdict, axis.at(row.difference), middle))
    elif row.verdict in (verdict.DIVERGES, verdict.CONVERGES):
        parts.append(_mark(row.verdict, axis.at(0), middle))
    return Markup(f'<svg class="forest" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{"".join(parts)}</svg>')


def _interval(low: float, high: float, axis: Axis, y: int) -> str:
    """The path of an interval, with an arrow where it ends beyond the scale."""
    path = f"M{axis.at(low)} {y}H{axis.at(high)}"
    if low < axis.low:
        path += f"M{axis.at(low) + 1} {y - 4}l-5 4 5 4"
    if high > axis.high:
        path += f"M{axis.at(high) - 1} {y - 4}l5 4-5 4"
    return path


def _header(axis: Axis, shown: MetricFormat) -> Markup:
    """The axis above the column, and the side on which variants are better."""
    texts = [
        f'<text x="{axis.at(tick)}" y="24">{shown_tick}</text><path class="zero" d="M{axis.at(tick)} 28v4"/>'
        for tick, shown_tick in ((tick, f"{tick:+g}".replace("-", "−") if tick else "0") for tick in axis.ticks())
    ]
    better = shown.metric.sign > 0
    room = axis.at(axis.high) - axis.at(0) if better else axis.at(0) - axis.at(axis.low)
    side = f'<text x="{axis.at(0)}" y="10" class="{"right" if better else "left"}">' + (
        "better →</text>" if better else "← better</text>"
    )
    if room < 45:  # no space next to zero
        side = side.replace("right", "left") if better else side.replace("left", "right")
    return Markup(f'<svg class="forest axis" viewBox="0 0 {WIDTH} 32" aria-hidden="true">{side}{"".join(texts)}</svg>')
