"""Forest plot: the difference of each variant to the baseline."""

import textwrap
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ablate.analysis import collect
from ablate.analysis.effects import pairs
from ablate.analysis.figures.style import GREEN, GREY, STYLE, VERMILLION, WIDTH

VERDICTS = {"better": GREEN, "worse": VERMILLION}


SHOWN = 12  # variants; of more, those that differ most


def effects(effects: pd.DataFrame, runs: pd.DataFrame, confidence: float = 0.95, margin: float | None = None) -> Figure:
    """Forest plot: each variant's difference to the baseline in percentage points, largest at the top.

    Small circles are single seeds, the large marker their mean: filled if the verdict is better or worse, open if it is
    not. The thick bar is its confidence interval, the thin one that of all variants together; the grey band is where a
    difference counts as none.
    """
    labels = collect.labels(runs)
    rows = effects[effects["variant"] != collect.BASELINE].sort_values("difference_pp", ascending=False, kind="stable")
    rows = rows.loc[rows.index.isin(rows["difference_pp"].abs().nlargest(SHOWN).index)] if len(rows) > SHOWN else rows
    seeds = pairs(runs)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.1 + 0.28 * max(len(rows), 1)), layout="constrained")
        axis = figure.subplots()
        axis.axvline(0, color="black", linewidth=0.8, zorder=1)
        if margin is not None:
            axis.axvspan(-margin, margin, color=GREY, alpha=0.15, linewidth=0, zorder=0)
        for position, row in enumerate(rows.itertuples()):
            of_variant = seeds[seeds["variant"] == row.variant]
            _effect_row(axis, position, row, 100 * (of_variant["value"] - of_variant["baseline"]).dropna())
        axis.set_yticks(range(len(rows)), [textwrap.fill(labels[name], 40) for name in rows["variant"]])
        axis.set_ylim(max(len(rows), 1) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        if rows["difference_pp"].isna().all():
            axis.set_xlim(-1, 1)
        if rows.empty:
            axis.text(0, 0, "  no variant beside the baseline", color=GREY, fontsize=7, va="center")
        axis.set_xlabel(_effect_axis(effects, runs))
        figure.legend(handles=_effect_legend(confidence, margin), loc="outside upper center", ncols=3, frameon=False)
    return figure


def _effect_row(axis: Axes, position: int, row: Any, seeds: pd.Series) -> None:
    """One variant: its seeds above, its mean and interval on the line; words at zero if there is nothing to compare."""
    if np.isnan(row.difference_pp):
        axis.text(0, position, "  no completed run to compare", color=GREY, fontsize=7, va="center")
        return
    colour = VERDICTS.get(row.verdict, "black")
    axis.plot(seeds, np.full(len(seeds), position - 0.22), "o", color=GREY, mfc="none", mew=0.5, label="_seeds")
    simultaneous = [row.simultaneous_low_pp, row.simultaneous_high_pp]
    axis.plot(simultaneous, [position] * 2, color=colour, linewidth=0.6, label="_simultaneous")
    axis.plot([row.ci_low_pp, row.ci_high_pp], [position] * 2, color=colour, linewidth=1.6, label="_interval")
    fill = colour if row.verdict in VERDICTS else "white"
    axis.plot(row.difference_pp, position, "D", color=colour, mfc=fill, markersize=4.5, label="_mean", zorder=3)


def _effect_axis(effects: pd.DataFrame, runs: pd.DataFrame) -> str:
    """The name of the axis: the quantity, its unit, and what it is compared with."""
    baseline = effects[effects["variant"] == collect.BASELINE]
    text = f"baseline: {collect.baseline_levels(runs)}" if collect.factors(runs) else "baseline"
    if len(baseline) and baseline["n"].iloc[0] > 0:
        row = baseline.iloc[0]
        text += f"; mean {100 * row['mean']:.2f}\N{NO-BREAK SPACE}%, n = {row['n']}"
    wrapped = textwrap.fill(text, 66, break_on_hyphens=False)
    return f"Difference in validation accuracy to the baseline (percentage points)\n{wrapped}"


def _effect_legend(confidence: float, margin: float | None) -> list[Line2D | Patch]:
    """What the markers mean."""
    marker: dict[str, Any] = {"marker": "D", "markersize": 4.5, "linewidth": 1.6}
    band = [Patch(color=GREY, alpha=0.15, linewidth=0, label=f"equivalent: ±{margin:g} points")] if margin else []
    return [
        *band,
        Line2D([], [], color="black", linewidth=0.6, label=f"{100 * confidence:g} % of all together (Bonferroni)"),
        Line2D([], [], color=GREY, marker="o", mfc="none", mew=0.5, linestyle="", label="one seed"),
        Line2D([], [], color=GREEN, **marker, label=f"mean, {100 * confidence:g} % CI: better (Holm)"),
        Line2D([], [], color=VERMILLION, **marker, label="worse (Holm)"),
        Line2D([], [], color="black", mfc="white", **marker, label="no difference shown"),
    ]
