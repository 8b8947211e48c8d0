"""Several factors together: interactions as a heatmap, and shares of the sum of squares."""

import itertools
import textwrap

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ablate.analysis.figures.style import BLUE, COLUMN, GRAY, STYLE, WIDTH
from ablate.analysis.metric_format import PERCENT, MetricFormat
from ablate.analysis.stats.variance import RESIDUAL
from ablate.terminal.text import plural

LEVELS = 16  # in the heatmap; of more, those that interact most
BARS = 16  # terms


def interactions(contrasts: pd.DataFrame, factors: list[str], shown: MetricFormat = PERCENT) -> Figure:
    """Heatmap of two-way interactions in printed units, with the number of seeds of each.

    Blue is more than the sum of both changes, orange less; a hatched cell is not estimable from the runs of the study.

    Args:
        contrasts: table of `stats.contrasts`.
        factors: the varied factors, in the order of the plan.
        shown: how the metric is printed.
    """
    table = contrasts[contrasts["kind"] == "interaction"]
    changed = list(
        dict.fromkeys(
            itertools.chain(
                zip(table["factor"], table["level"], strict=True), zip(table["factor_2"], table["level_2"], strict=True)
            )
        )
    )
    if len(changed) > LEVELS:
        strength = {pair: _strength(table, *pair) for pair in changed}
        changed = sorted(changed, key=strength.__getitem__, reverse=True)[:LEVELS]
    changed.sort(key=lambda pair: factors.index(pair[0]))
    size = len(changed)
    values, known, n = np.full((size, size), np.nan), np.zeros((size, size), bool), np.zeros((size, size), int)
    for row in table.itertuples():
        if not {(row.factor, row.level), (row.factor_2, row.level_2)} <= {*changed}:
            continue
        one, other = changed.index((row.factor, row.level)), changed.index((row.factor_2, row.level_2))
        values[other, one], known[other, one], n[other, one] = shown.metric.scale * row.mean, True, row.n
    names = [f"{factor}={level}" for factor, level in changed]
    rows, columns = [i for i in range(size) if known[i].any()], [j for j in range(size) if known[:, j].any()]
    bound = np.nanmax(np.abs(values)) if np.isfinite(values).any() else 1.0
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(min(WIDTH, 2.6 + 0.62 * len(columns)), 1.5 + 0.32 * len(rows)), layout="constrained")
        axis = figure.subplots()
        image = axis.imshow(values[np.ix_(rows, columns)], cmap="PuOr", vmin=-bound, vmax=bound, aspect="auto")
        for (y, row), (x, column) in itertools.product(enumerate(rows), enumerate(columns)):
            if not known[row, column]:
                continue
            if np.isnan(values[row, column]):
                axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, hatch="////", color=GRAY, linewidth=0))
            else:
                dark = abs(values[row, column]) > 0.6 * bound
                text = f"{shown.bare(values[row, column])}\nn = {n[row, column]}"
                axis.text(x, y, text, ha="center", va="center", fontsize=7, color="white" if dark else "black")
        axis.set_xticks(range(len(columns)), [names[j] for j in columns], rotation=30, ha="right")
        axis.set_yticks(range(len(rows)), [names[i] for i in rows])
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
        # The title is above the color bar, since it would not fit next to a short one.
        figure.colorbar(image, ax=axis, shrink=0.9).ax.set_title(
            f"Interaction\n{shown.in_parentheses.strip()}".strip(), fontsize=7
        )
    return figure


def _strength(table: pd.DataFrame, factor: str, level: str) -> float:
    """The largest interaction of a level, 0 if none is known."""
    first = (table["factor"] == factor) & (table["level"] == level)
    second = (table["factor_2"] == factor) & (table["level_2"] == level)
    return float(table.loc[first | second, "mean"].abs().fillna(0).max())


def variance_shares(table: pd.DataFrame) -> Figure:
    """Bars of the shares of the sum of squares, with their bootstrap intervals; gray: seed and residual.

    Args:
        table: of `stats.shares`. Of more than 16 terms, the smallest are summed up.
    """
    noise = table["term"].isin(["seed", RESIDUAL])
    rows = pd.concat([table[~noise].sort_values("share", ascending=False, kind="stable"), table[noise]])
    if len(rows) > BARS:
        kept, rest = (
            rows[: BARS - 1 - int(noise.sum())],
            rows[BARS - 1 - int(noise.sum()) : len(rows) - int(noise.sum())],
        )
        others = {"term": plural(len(rest), "other"), "share": rest["share"].sum(), "low": np.nan, "high": np.nan}
        rows = pd.concat([kept, pd.DataFrame([others]), table[noise]])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 0.8 + 0.22 * max(len(rows), 1)), layout="constrained")
        axis = figure.subplots()
        shares = 100 * rows["share"].to_numpy(float)
        colors = [GRAY if term in ("seed", RESIDUAL) else BLUE for term in rows["term"]]
        axis.barh(range(len(rows)), np.nan_to_num(shares), color=colors)
        ends = shares.copy()
        for place, (low, high) in enumerate(100 * rows[["low", "high"]].to_numpy(float)):
            if np.isfinite(low):
                axis.plot([low, high], [place] * 2, color="black", linewidth=0.8, label="_interval")
                ends[place] = max(high, shares[place])
        for place, share in enumerate(shares):
            text = f" {share:.1f} %" if np.isfinite(share) else " no variance"
            axis.text(np.nan_to_num(ends[place]), place, text, va="center", fontsize=7)
        axis.set_yticks(range(len(rows)), [textwrap.fill(_label(term), 26) for term in rows["term"]])
        axis.set(xlim=(0, 1.25 * max(np.nan_to_num(ends).max(initial=0), 1)), xlabel="Share of sum of squares (%)")
        axis.invert_yaxis()
    return figure


def _label(term: str) -> str:
    """The name of a term; with an asterisk instead of its aliases, which the table names."""
    first, *aliases = term.replace(":", " × ").split(" = ")
    return f"{first} *" if aliases else first
