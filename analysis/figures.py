"""Frames -> matplotlib figures for a page of 7 inches, readable in grey. `STYLE` must also hold while one is saved."""

import textwrap

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

from analysis import collect, tables

# Okabe & Ito (2008): told apart with every common kind of colour vision.
BLUE, ORANGE, GREEN, VERMILLION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
LOSSES = {"train_loss": ("training", ORANGE, "--", "s"), "val_loss": ("validation", BLUE, "-", "o")}
VERDICTS = {"better": GREEN, "worse": VERMILLION}
WIDTH = 7.0  # inches
PANELS = 12  # loss curve panels a page
STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.markersize": 3,
    "pdf.fonttype": 42,
    "svg.hashsalt": "ablate",
}


def pages(runs: pd.DataFrame) -> int:
    """How many pages of `loss_curves` the study fills."""
    return -(-runs["variant"].nunique() // PANELS)


def loss_curves(curves: pd.DataFrame, runs: pd.DataFrame, page: int = 0) -> Figure:
    """Loss against epoch, a panel a variant, `PANELS` variants a page: each seed thin, the mean over completed runs thick.

    The band is a pointwise 95 % t-interval for 5 seeds or more, else from minimum to maximum. A diverged run ends at a
    cross and is in no mean. The mean ends with the first run that does, so that it is over the same runs throughout.
    """
    labels = collect.labels(runs)
    shown = list(labels)[page * PANELS : (page + 1) * PANELS]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    low, high = _loss_range(curves)
    reference = _by_epoch(curves, collect.BASELINE, "val_loss").mean(axis=1)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(max(WIDTH * columns / 3, 3.5), 0.8 + 1.7 * rows), layout="constrained")
        panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
        for axis, variant in zip(panels, shown, strict=False):
            if variant != collect.BASELINE:
                axis.plot(reference.index, reference, color=GREY, linestyle=":", linewidth=1.2, label="baseline")
            _loss_panel(axis, curves, variant, ceiling=high)
            axis.set_title(_loss_title(labels[variant], curves, runs[runs["variant"] == variant]))
        for axis in panels[len(shown) :]:
            axis.set_axis_off()
        for axis in panels[max(0, len(shown) - columns) : len(shown)]:
            axis.xaxis.set_tick_params(labelbottom=True)
        panels[0].set(yscale="log", ylim=(low, high))
        panels[0].xaxis.set_major_locator(MaxNLocator(5, integer=True))
        panels[0].yaxis.set(major_locator=FixedLocator(_loss_ticks(low, high)), minor_locator=NullLocator())
        panels[0].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        figure.supxlabel("Epoch", fontsize=8)
        figure.supylabel("Loss (log scale)", fontsize=8)
        figure.legend(handles=_loss_legend(curves, runs), loc="outside lower center", ncols=columns + 1, frameon=False)
    return figure


def _by_epoch(curves: pd.DataFrame, variant: str, loss: str, status: str = "completed") -> pd.DataFrame:
    """The loss of the variant's runs with that status, epochs x seeds; for completed ones, the epochs that all have."""
    chosen = curves[(curves["variant"] == variant) & (curves["status"] == status)]
    table = chosen.pivot(index="epoch", columns="seed", values=loss)
    return table.dropna() if status == "completed" else table


def _loss_panel(axis: Axes, curves: pd.DataFrame, variant: str, ceiling: float) -> None:
    """One variant's curves. Labels starting with `_` keep the parts apart without a legend entry."""
    for loss, (name, colour, line, marker) in LOSSES.items():
        completed = _by_epoch(curves, variant, loss)
        thin = {"color": colour, "linestyle": line, "linewidth": 0.5, "alpha": 0.6, "label": f"_seed {name}"}
        if len(completed):
            axis.plot(completed.index, completed, **thin)
            every = max(1, len(completed) // 6)
            thick = {"linewidth": 1.4, "marker": marker, "markevery": every, "label": name, "zorder": 3}
            axis.plot(completed.index, completed.mean(axis=1), color=colour, linestyle=line, **thick)
        if completed.shape[1] > 1 and len(completed):
            axis.fill_between(completed.index, *_band(completed), color=colour, alpha=0.15, linewidth=0)
        for _, run in _by_epoch(curves, variant, loss, "diverged").items():
            finite = run[np.isfinite(run)]
            axis.plot(finite.index, finite, **thin)
            if loss == "val_loss":
                end = finite.index[-1] if len(finite) else run.index[-1]
                height = min(finite.iloc[-1], ceiling) if len(finite) else ceiling
                cross = {"marker": "x", "markersize": 6, "linestyle": "", "clip_on": False, "zorder": 4}
                axis.plot([end], [height], color="black", label="_diverged", **cross)


def _band(values: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Lower and upper edge of the band about the mean of values (epochs x seeds)."""
    from scipy.stats import t

    n = values.shape[1]
    if n < 5:
        return values.min(axis=1), values.max(axis=1)
    mean, half = values.mean(axis=1), t.ppf(0.975, n - 1) * values.sem(axis=1)
    return (mean - half).clip(lower=np.finfo(float).tiny), mean + half


def _loss_title(label: str, curves: pd.DataFrame, runs: pd.DataFrame) -> str:
    """What the variant changes, how many runs are in its mean, and which are not."""
    drawn = curves[curves["status"] == "completed"].groupby("variant")["seed"].nunique()
    lost = ", ".join(tables.holes(runs).values())
    count = f"n = {drawn.get(runs['variant'].iloc[0], 0)}" + (f"; {lost}" if lost else "")
    return "\n".join([*textwrap.wrap(label, 36, break_on_hyphens=False), count])


def _loss_range(curves: pd.DataFrame) -> tuple[float, float]:
    """Limits that hold every completed run; a diverged one may leave at the top, within a factor of three."""
    losses = curves[["train_loss", "val_loss"]].where(lambda loss: np.isfinite(loss) & (loss > 0))
    completed = losses[curves["status"] == "completed"].stack()
    every = losses.stack()
    if every.empty:
        return 0.1, 10.0
    low = every.min()
    high = every.max() if completed.empty else min(every.max(), 3 * completed.max())
    return float(low / 1.15), float(high * 1.15)


def _loss_ticks(low: float, high: float) -> list[float]:
    """Round numbers within the limits, the coarsest set that has three."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ([1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 6, 8]):
        ticks = [float(decade * step) for decade in decades for step in steps if low <= decade * step <= high]
        if len(ticks) >= 3:
            return ticks
    return [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]


def _loss_legend(curves: pd.DataFrame, runs: pd.DataFrame) -> list[Line2D | Patch]:
    """What the lines, bands and crosses in these curves mean."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, linestyle=line, marker=marker, label=f"{name}: mean (thick), each seed (thin)")
        for name, colour, line, marker in LOSSES.values()
    ]
    counts = curves[curves["status"] == "completed"].groupby("variant")["seed"].nunique()
    bands = [(2, 5, "minimum to maximum"), (5, np.inf, "95 % t-interval, pointwise")]
    words = [f"{what}" for low, high, what in bands if ((counts >= low) & (counts < high)).any()]
    if len(words) > 1:
        words = ["minimum to maximum (n < 5), 95 % t-interval (n ≥ 5)"]
    handles += [Patch(color=GREY, alpha=0.3, linewidth=0, label=f"band: {word}") for word in words]
    if runs["variant"].nunique() > 1 and collect.BASELINE in counts:
        handles.append(Line2D([], [], color=GREY, linestyle=":", label="baseline: validation mean"))
    if (curves["status"] == "diverged").any():
        handles.append(Line2D([], [], color="black", marker="x", markersize=6, linestyle="", label="run diverged"))
    return handles


def effects(effects: pd.DataFrame, runs: pd.DataFrame, confidence: float = 0.95) -> Figure:
    """Forest plot: each variant's difference to the baseline in percentage points, largest at the top.

    Small circles are single seeds, the large marker their mean with its confidence interval: filled if the verdict is
    better or worse, open if it is not.
    """
    labels = collect.labels(runs)
    rows = effects[effects["variant"] != collect.BASELINE].sort_values("difference_pp", ascending=False, kind="stable")
    seeds = tables.pairs(runs)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.1 + 0.28 * max(len(rows), 1)), layout="constrained")
        axis = figure.subplots()
        axis.axvline(0, color="black", linewidth=0.8, zorder=1)
        for position, row in enumerate(rows.itertuples()):
            of_variant = seeds[seeds["variant"] == row.variant]
            _effect_row(axis, position, row, 100 * (of_variant["value"] - of_variant["baseline"]).dropna())
        axis.set_yticks(range(len(rows)), [textwrap.fill(labels[name], 40) for name in rows["variant"]])
        axis.set_ylim(max(len(rows), 1) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        axis.set_xlabel(_effect_axis(effects, runs))
        figure.legend(handles=_effect_legend(confidence), loc="outside lower center", ncols=5, frameon=False)
    return figure


def _effect_row(axis: Axes, position: int, row: tuple, seeds: pd.Series) -> None:
    """One variant: its seeds above, its mean and interval on the line; words at zero if there is nothing to compare."""
    if not len(seeds):
        words = {"xycoords": ("data", "data"), "xytext": (4, 0), "textcoords": "offset points", "va": "center"}
        axis.annotate("no seed completed by both", (0, position), color=GREY, fontsize=7, **words)
        return
    colour = VERDICTS.get(row.verdict, "black")
    axis.plot(seeds, np.full(len(seeds), position - 0.22), "o", color=GREY, mfc="none", mew=0.5, label="_seeds")
    axis.plot([row.ci_low_pp, row.ci_high_pp], [position] * 2, color=colour, linewidth=1.6, label="_interval")
    fill = colour if row.verdict in VERDICTS else "white"
    axis.plot(row.difference_pp, position, "D", color=colour, mfc=fill, markersize=4.5, label="_mean", zorder=3)


def _effect_axis(effects: pd.DataFrame, runs: pd.DataFrame) -> str:
    """The name of the axis: the quantity, its unit, and what it is compared with."""
    baseline = effects[effects["variant"] == collect.BASELINE]
    text = f"baseline: {collect.baseline_levels(runs)}" if collect.factors(runs) else "baseline"
    if len(baseline) and baseline["n"].iloc[0] > 0:
        row = baseline.iloc[0]
        text += f"; {100 * row['mean']:.2f} % on average, n = {row['n']}"
    wrapped = textwrap.fill(text, 110, break_on_hyphens=False)
    return f"Difference in validation accuracy to the baseline (percentage points)\n{wrapped}"


def _effect_legend(confidence: float) -> list[Line2D]:
    """What the markers mean."""
    marker = {"marker": "D", "markersize": 4.5, "linewidth": 1.6}
    return [
        Line2D([], [], color=GREY, marker="o", mfc="none", mew=0.5, linestyle="", label="one seed"),
        Line2D([], [], color=GREEN, **marker, label=f"mean, {100 * confidence:g} % CI: better"),
        Line2D([], [], color=VERMILLION, **marker, label="worse (Holm)"),
        Line2D([], [], color="black", mfc="white", **marker, label="inconclusive or not testable"),
    ]
