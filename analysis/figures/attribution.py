"""Effects of the factors: main effects and interactions with intervals, and Shapley values."""

import textwrap
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis import stats
from ablate.analysis.figures.style import BLUE, COLUMN, GRAY, ORANGE, STYLE
from ablate.analysis.metric_format import PERCENT, MetricFormat

SHOWN = 14  # effects; of more, the largest


def factor_effects(contrasts: pd.DataFrame, shown: MetricFormat = PERCENT) -> Figure:
    """Main effects (filled) and interactions (hollow) with their 95 % intervals, the largest at the top.

    An asterisk marks aliased effects.

    Args:
        contrasts: table of `stats.contrasts`, each group of aliased effects once.
        shown: how the metric is printed.
    """
    known = contrasts[contrasts["mean"].notna()]
    rows = known.loc[known["mean"].abs().sort_values(ascending=False, kind="stable").index].head(SHOWN)
    names = [
        f"{row.factor}={row.level}"
        + (f" × {row.factor_2}={row.level_2}" if row.kind == "interaction" else "")
        + (" *" if row.aliases else "")
        for row in rows.itertuples()
    ]
    with matplotlib.rc_context(STYLE):
        figure, axis = _rows(names, f"Effect{shown.in_parentheses}")
        for place, row in enumerate(rows.itertuples()):
            face = BLUE if row.kind == "main" else "white"
            low, high = shown.metric.scale * row.low, shown.metric.scale * row.high
            axis.plot([low, high], [place] * 2, color=BLUE, linewidth=1.2, label="_interval")
            axis.plot(shown.metric.scale * row.mean, place, "o", color=BLUE, mfc=face, markersize=4.5, label="_effect")
        if len(known) > len(rows):
            axis.set_title(f"the {len(rows)} largest of {len(known)} effects", loc="left")
    return figure


def attribution(table: pd.DataFrame, shown: MetricFormat = PERCENT) -> Figure:
    """Bars of the Shapley values with their 95 % intervals; triangles: the change alone, and after all others.

    Args:
        table: of `stats.attribution`.
        shown: how the metric is printed.
    """
    scale = shown.metric.scale
    of_factor = table["factor"] != stats.TOTAL
    total = table[~of_factor]
    rows = table[of_factor].sort_values("mean", key=abs, ascending=False, kind="stable")
    rows = pd.concat([rows, total])
    names = [f"{row.factor}={row.level}" if row.factor else "all (sum)" for row in rows.itertuples()]
    with matplotlib.rc_context(STYLE):
        figure, axis = _rows(names, f"Shapley value{shown.in_parentheses}")
        colors = [BLUE if row.factor else GRAY for row in rows.itertuples()]
        axis.barh(range(len(rows)), scale * rows["mean"], color=colors, height=0.6, zorder=1)
        for place, row in enumerate(rows.itertuples()):
            axis.plot([scale * row.low, scale * row.high], [place] * 2, color="black", linewidth=0.8, label="_interval")
        if rows["first"].notna().any():
            style: dict[str, Any] = {"linestyle": "", "color": ORANGE, "markersize": 4.5, "zorder": 3}
            axis.plot(scale * rows["first"], range(len(rows)), marker=">", label="the change alone", **style)
            axis.plot(scale * rows["last"], range(len(rows)), marker="<", mfc="white", label="last", **style)
            figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def _rows(names: list[str], quantity: str) -> tuple[Figure, matplotlib.axes.Axes]:
    """Half a page wide, one row for each name, with a line at zero."""
    labels = [textwrap.fill(name, 30) for name in names]
    inches = sum(max(0.18, 0.13 * (1 + label.count("\n"))) for label in labels)
    figure = Figure(figsize=(COLUMN, 0.75 + inches), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color="black", linewidth=0.8, zorder=0)
    axis.set_yticks(range(len(names)), labels)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.set_xlabel(quantity)
    return figure, axis
