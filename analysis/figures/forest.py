"""Forest plot: the difference of each variant from the baseline."""

import textwrap
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ablate.analysis import collect, interval_limits, verdict
from ablate.analysis.effects import most_different
from ablate.analysis.figures import interval_axis
from ablate.analysis.figures.style import BLUE, COLUMN, GRAY, GREEN, STYLE, VERMILLION, wrap_label
from ablate.analysis.metric_format import PERCENT, MetricFormat
from ablate.analysis.variant_results import differences

# verdict -> marker, color, filled; the markers distinguish the verdicts without color.
MARKERS = {
    verdict.BETTER: ("^", GREEN, True),
    verdict.BETTER_WITHIN: ("^", GREEN, False),
    verdict.WORSE: ("v", VERMILLION, True),
    verdict.WORSE_WITHIN: ("v", VERMILLION, False),
    verdict.EQUIVALENT: ("s", BLUE, True),
    verdict.DIVERGES: ("X", VERMILLION, True),
    verdict.CONVERGES: ("P", GREEN, True),
    verdict.INCONCLUSIVE: ("D", "black", False),
    verdict.NOT_TESTABLE: ("h", GRAY, False),
}
SHOWN = 24  # variants; of more, those that differ most


def effects(
    effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat = PERCENT, confidence: float = 0.95
) -> Figure:
    """Forest plot: each variant's difference from the baseline in printed units, in the order of the table.

    Small circles are single seeds, the large marker is their mean, one marker for each verdict. Thick bar: confidence
    interval; thin bar: simultaneous interval of the planned variants (Bonferroni); gray band: margin of equivalence.

    Args:
        effects: frame of `effects`.
        runs: frame of `collect`.
        shown: how the metric is printed, with the margin.
        confidence: of the intervals in `effects`.
    """
    labels, margin = collect.labels(runs), shown.metric.margin
    rows, base = drawn(effects), effects[effects["variant"] == collect.BASELINE]
    names = [wrap_label(labels[name], 26) for name in rows["variant"]]
    heights = [max(1.0, 0.62 * (name.count("\n") + 1)) for name in names]
    places = np.cumsum(heights) - np.array(heights) / 2
    ends = interval_limits.of_effects(effects, runs, shown.metric)
    with matplotlib.rc_context(STYLE):
        figure = Figure(
            figsize=(COLUMN, 1.2 + (0.19 if len(rows) <= 12 else 0.165) * max(sum(heights), 1)), layout="constrained"
        )
        axis = figure.subplots()
        axis.axvline(0, color="black", linewidth=0.8, zorder=1)
        if margin is not None:
            axis.axvspan(-margin, margin, color=GRAY, alpha=0.15, linewidth=0, zorder=0)
        axis.set(xlim=ends, ylim=(max(sum(heights), 1), 0))
        seeds = differences(runs, shown.metric)
        for place, row in zip(places, rows.itertuples(), strict=True):
            _effect_row(axis, place, row, seeds[seeds.index.get_level_values("variant") == row.variant], base)
        axis.set_yticks(places, names)
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        if rows.empty:
            axis.text(0, 0.5, "  no variant besides the baseline", color=GRAY, fontsize=7, va="center")
        figure.supxlabel(_effect_axis(effects, rows, runs, shown), fontsize=7)  # may be wider than the axis
        legend = _effect_legend(rows, seeds, confidence, shown.margin)
        figure.legend(handles=legend, loc="outside upper center", ncols=2, frameon=False, columnspacing=1.2)
    return figure


def drawn(effects: pd.DataFrame) -> pd.DataFrame:
    """The rows of the variants that are drawn, in the order of the table."""
    names = most_different(effects, SHOWN + 1)
    return effects[effects["variant"].isin(names) & (effects["variant"] != collect.BASELINE)]


def is_cut(effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat) -> bool:
    """Whether an interval is too wide for the axis and is cut off."""
    rows = drawn(effects)
    low, high = interval_limits.of_effects(effects, runs, shown.metric)
    return bool(
        (rows[["ci_low", "simultaneous_low"]] < low).any(axis=None)
        or (rows[["ci_high", "simultaneous_high"]] > high).any(axis=None)
    )


def _effect_row(axis: Axes, place: float, row: Any, seeds: pd.Series, base: pd.DataFrame) -> None:
    """One variant: its seeds above, its mean and intervals on the line; a text at zero if nothing can be compared."""
    marker, color, filled = MARKERS[row.verdict]
    style: dict[str, Any] = {"color": color, "mfc": color if filled else "white", "markersize": 5, "zorder": 3}
    ends = axis.get_xlim()
    if np.isnan(row.difference):
        text = "no completed run to compare"
        if row.diverged:
            text = f"{row.diverged} of {row.ended} runs diverged"
            text += f" (baseline: {base['diverged'].iloc[0]} of {base['ended'].iloc[0]})" if len(base) else ""
            axis.plot(0, place, marker, label="_mean", **style)
        right = -ends[0] > ends[1]  # the side of zero with more room
        axis.annotate(text, (0, place), (-6 if right else 6, 0), textcoords="offset points", color=GRAY, fontsize=7,
                      va="center", ha="right" if right else "left")  # fmt: skip
        return
    axis.plot(seeds, np.full(len(seeds), place - 0.3), "o", color=GRAY, mfc="none", mew=0.5, label="_seeds")
    if row.simultaneous_low < row.ci_low:
        thin = {"color": color, "linewidth": 0.6, "label": "_simultaneous"}
        interval_axis.draw(axis, row.simultaneous_low, row.simultaneous_high, place, ends, **thin)
    interval_axis.draw(
        axis, row.ci_low, row.ci_high, place, ends, color=color, linewidth=1.8, solid_capstyle="butt", label="_interval"
    )
    axis.plot(row.difference, place, marker, label="_mean", **style)


def _effect_axis(effects: pd.DataFrame, rows: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat) -> str:
    """The name of the axis: the quantity, its unit, what it is compared with, and how many variants are left out."""
    baseline = effects[effects["variant"] == collect.BASELINE]
    text = f"baseline: {collect.baseline_levels(runs)}" if collect.factors(runs) else "baseline"
    if len(baseline) and baseline["n"].iloc[0] > 0:
        row = baseline.iloc[0]
        text += "; " + f"mean {shown.value(row['mean'])}{shown.unit}, n = {row['n']}".replace(" ", "\N{NO-BREAK SPACE}")
    unit = "percentage points" if shown.metric.unit == "%" else shown.metric.unit
    remarks = [*([unit] if unit else []), *(["lower is better"] if shown.metric.sign < 0 else [])]
    quantity = f"Difference in {shown.name}"
    lines = [f"{quantity} ({'; '.join(remarks)})" if remarks else quantity, text]
    if others := len(effects) - len(baseline) - len(rows):
        lines.append(f"{len(rows)} of {len(rows) + others} variants: those that differ most")
    return "\n".join(textwrap.fill(line, 58, break_on_hyphens=False) for line in lines)


def _effect_legend(rows: pd.DataFrame, seeds: pd.Series, confidence: float, margin: str) -> list[Line2D | Patch]:
    """The bars, and the marker of each verdict that occurs."""
    level = f"{100 * confidence:g} %"
    band = [Patch(color=GRAY, alpha=0.15, linewidth=0, label=f"margin: {margin}")] if margin else []
    bars = [Line2D([], [], color="black", linewidth=1.8, label=f"{level} CI")] if rows["ci_low"].notna().any() else []
    if (rows["simultaneous_low"] < rows["ci_low"]).any():
        bars += [Line2D([], [], color="black", linewidth=0.6, label=f"simultaneous {level} CI")]
    if seeds.index.get_level_values("variant").isin(rows["variant"]).any():
        bars += [Line2D([], [], color=GRAY, marker="o", mfc="none", mew=0.5, linestyle="", label="one seed")]
    marked = rows[rows["difference"].notna() | (rows["diverged"] > 0)]
    verdicts = [
        Line2D(
            [], [], linestyle="", marker=marker, color=color, mfc=color if filled else "white", markersize=5, label=name
        )
        for name, (marker, color, filled) in MARKERS.items()
        if (marked["verdict"] == name).any()
    ]
    return [*band, *bars, *verdicts]
