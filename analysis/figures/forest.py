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

from ablate.analysis import collect, verdict
from ablate.analysis.effects import planned_comparisons
from ablate.analysis.figures.style import BLUE, GRAY, GREEN, STYLE, VERMILLION, WIDTH
from ablate.analysis.formats import plural
from ablate.analysis.metric_format import PERCENT, MetricFormat
from ablate.analysis.variant_results import pairs

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
SHOWN = 12  # variants; of more, those that differ most


def effects(
    effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat = PERCENT, confidence: float = 0.95
) -> Figure:
    """Forest plot: each variant's difference from the baseline in printed units, largest at the top.

    Small circles are single seeds, the large marker is their mean, one marker for each verdict. Thick bar: confidence
    interval; thin bar: simultaneous interval of the planned variants (Bonferroni); gray band: margin of equivalence.

    Args:
        effects: frame of `effects`.
        runs: frame of `collect`.
        shown: how the metric is printed, with the margin.
        confidence: of the intervals in `effects`.
    """
    labels, margin = collect.labels(runs), shown.metric.margin
    rows = effects[effects["variant"] != collect.BASELINE].sort_values("difference", ascending=False, kind="stable")
    rows = rows.loc[rows.index.isin(rows["difference"].abs().nlargest(SHOWN).index)] if len(rows) > SHOWN else rows
    seeds, base = pairs(runs, shown.metric), effects[effects["variant"] == collect.BASELINE]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.1 + 0.28 * max(len(rows), 1)), layout="constrained")
        axis = figure.subplots()
        axis.axvline(0, color="black", linewidth=0.8, zorder=1)
        if margin is not None:
            axis.axvspan(-margin, margin, color=GRAY, alpha=0.15, linewidth=0, zorder=0)
        for position, row in enumerate(rows.itertuples()):
            of_variant = seeds[seeds["variant"] == row.variant]
            changes = shown.metric.scale * (of_variant["value"] - of_variant["baseline"]).dropna()
            _effect_row(axis, position, row, changes, base)
        axis.set_yticks(range(len(rows)), [textwrap.fill(labels[name], 40) for name in rows["variant"]])
        axis.set_ylim(max(len(rows), 1) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        if rows["difference"].isna().all():
            axis.set_xlim(-1, 1)
        if rows.empty:
            axis.text(0, 0, "  no variant besides the baseline", color=GRAY, fontsize=7, va="center")
        axis.set_xlabel(_effect_axis(effects, runs, shown))
        legend = _effect_legend(rows, confidence, shown.margin, planned_comparisons(runs))
        figure.legend(handles=legend, loc="outside upper center", ncols=3, frameon=False)
    return figure


def _effect_row(axis: Axes, position: int, row: Any, seeds: pd.Series, base: pd.DataFrame) -> None:
    """One variant: its seeds above, its mean and intervals on the line; a text at zero if nothing can be compared."""
    marker, color, filled = MARKERS[row.verdict]
    style: dict[str, Any] = {"color": color, "mfc": color if filled else "white", "markersize": 5, "zorder": 3}
    if np.isnan(row.difference):
        text = "  no completed run to compare"
        if row.diverged:
            text = f"    {row.diverged} of {row.ended} runs diverged"
            text += f" (baseline: {base['diverged'].iloc[0]} of {base['ended'].iloc[0]})" if len(base) else ""
            axis.plot(0, position, marker, label="_mean", **style)
        axis.text(0, position, text, color=GRAY, fontsize=7, va="center")
        return
    axis.plot(seeds, np.full(len(seeds), position - 0.22), "o", color=GRAY, mfc="none", mew=0.5, label="_seeds")
    simultaneous = [row.simultaneous_low, row.simultaneous_high]
    axis.plot(simultaneous, [position] * 2, color=color, linewidth=0.6, label="_simultaneous")
    axis.plot([row.ci_low, row.ci_high], [position] * 2, color=color, linewidth=1.6, label="_interval")
    axis.plot(row.difference, position, marker, label="_mean", **style)


def _effect_axis(effects: pd.DataFrame, runs: pd.DataFrame, shown: MetricFormat) -> str:
    """The name of the axis: the quantity, its unit, and what it is compared with."""
    baseline = effects[effects["variant"] == collect.BASELINE]
    text = f"baseline: {collect.baseline_levels(runs)}" if collect.factors(runs) else "baseline"
    if len(baseline) and baseline["n"].iloc[0] > 0:
        row = baseline.iloc[0]
        text += "; " + f"mean {shown.value(row['mean'])}{shown.unit}, n = {row['n']}".replace(" ", "\N{NO-BREAK SPACE}")
    wrapped = textwrap.fill(text, 66, break_on_hyphens=False)
    unit = "percentage points" if shown.metric.unit == "%" else shown.metric.unit
    remarks = [*([unit] if unit else []), *(["lower is better"] if shown.metric.sign < 0 else [])]
    quantity = f"Difference in {shown.name} from the baseline"
    return (f"{quantity} ({'; '.join(remarks)})" if remarks else quantity) + f"\n{wrapped}"


def _effect_legend(rows: pd.DataFrame, confidence: float, margin: str, comparisons: int) -> list[Line2D | Patch]:
    """The bars, and the marker of each verdict that occurs."""
    band = [Patch(color=GRAY, alpha=0.15, linewidth=0, label=f"margin: {margin}")] if margin else []
    level, variants = f"{100 * confidence:g} %", plural(comparisons, "planned variant")
    verdicts = [
        Line2D(
            [], [], linestyle="", marker=marker, color=color, mfc=color if filled else "white", markersize=5, label=name
        )
        for name, (marker, color, filled) in MARKERS.items()
        if (rows["verdict"] == name).any()
    ]
    intervals = [
        Line2D([], [], color="black", linewidth=1.6, label=f"{level} CI"),
        Line2D([], [], color="black", linewidth=0.6, label=f"simultaneous {level} CI (Bonferroni, {variants})"),
    ]
    return [
        *band,
        *(intervals if rows["ci_low"].notna().any() else []),
        Line2D([], [], color=GRAY, marker="o", mfc="none", mew=0.5, linestyle="", label="one seed"),
        *verdicts,
    ]
