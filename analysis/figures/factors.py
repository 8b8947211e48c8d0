"""Factors together: interactions as a heatmap, and the share of the variance that each explains."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ablate.analysis.figures.style import BLUE, GREY, STYLE, WIDTH

LEVELS = 16  # in the heatmap; of more, those that interact most


def interactions(contrasts: pd.DataFrame, factors: list[str]) -> Figure:
    """Two-way interactions of `stats.contrasts`, in percentage points: a row and a column each changed level.

    Blue is more than the sum of both, orange less; hatched cells cannot be estimated from the runs of this study.
    """
    found = contrasts[contrasts["kind"] == "interaction"]
    changed = list(
        dict.fromkeys(
            itertools.chain(
                zip(found["factor"], found["level"], strict=True), zip(found["factor_2"], found["level_2"], strict=True)
            )
        )
    )
    if len(changed) > LEVELS:
        strength = {pair: _strength(found, *pair) for pair in changed}
        changed = sorted(changed, key=strength.__getitem__, reverse=True)[:LEVELS]
    changed.sort(key=lambda pair: factors.index(pair[0]))
    size = len(changed)
    values, known = np.full((size, size), np.nan), np.zeros((size, size), bool)
    for row in found.itertuples():
        if not {(row.factor, row.level), (row.factor_2, row.level_2)} <= {*changed}:
            continue
        one, other = changed.index((row.factor, row.level)), changed.index((row.factor_2, row.level_2))
        values[other, one], known[other, one] = 100 * row.mean, True
    names = [f"{factor}={level}" for factor, level in changed]
    rows, columns = [i for i in range(size) if known[i].any()], [j for j in range(size) if known[:, j].any()]
    bound = np.nanmax(np.abs(values)) if np.isfinite(values).any() else 1.0
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(min(WIDTH, 2.6 + 0.62 * len(columns)), 1.5 + 0.24 * len(rows)), layout="constrained")
        axis = figure.subplots()
        shown = values[np.ix_(rows, columns)]
        image = axis.imshow(shown, cmap="PuOr", vmin=-bound, vmax=bound, aspect="auto")
        for (y, row), (x, column) in itertools.product(enumerate(rows), enumerate(columns)):
            if not known[row, column]:
                continue
            if np.isnan(values[row, column]):
                axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, hatch="////", color=GREY, linewidth=0))
            else:
                dark = abs(values[row, column]) > 0.6 * bound
                text = f"{values[row, column]:+.1f}".replace("-", "−")
                axis.text(x, y, text, ha="center", va="center", fontsize=7, color="white" if dark else "black")
        axis.set_xticks(range(len(columns)), [names[j] for j in columns], rotation=30, ha="right")
        axis.set_yticks(range(len(rows)), [names[i] for i in rows])
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
        # Above it: beside a low bar, its end would be cut off.
        figure.colorbar(image, ax=axis, shrink=0.9).ax.set_title("Interaction\n(points)", fontsize=7)
    return figure


def _strength(found: pd.DataFrame, factor: str, level: str) -> float:
    """The largest interaction of a level, 0 if none is known."""
    first = (found["factor"] == factor) & (found["level"] == level)
    second = (found["factor_2"] == factor) & (found["level_2"] == level)
    return float(found.loc[first | second, "mean"].abs().fillna(0).max())


def variance_shares(table: pd.DataFrame) -> Figure:
    """Bars of partial omega squared of the terms of `stats.anova`; a term that is not estimable says so."""
    rows = table[table["term"] != "Residual"].sort_values("partial_omega_sq", na_position="last", kind="stable")
    rows = pd.concat([rows[rows["estimable"]].iloc[::-1], rows[~rows["estimable"]]]).head(16)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 2, 0.8 + 0.22 * max(len(rows), 1)), layout="constrained")
        axis = figure.subplots()
        shares = rows["partial_omega_sq"].fillna(0)
        axis.barh(range(len(rows)), shares, color=[GREY if term == "seed" else BLUE for term in rows["term"]])
        for place, row in enumerate(rows.itertuples()):
            text = f" {row.partial_omega_sq:.2f}" if np.isfinite(row.partial_omega_sq) else " not estimable"
            axis.text(
                0 if np.isnan(row.partial_omega_sq) else row.partial_omega_sq, place, text, va="center", fontsize=7
            )
        axis.set_yticks(range(len(rows)), [term.replace(":", " × ") for term in rows["term"]])
        axis.set(xlim=(0, 1.15), xlabel="Partial ω² (share of variance)")
        axis.invert_yaxis()
    return figure
