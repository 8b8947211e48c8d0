"""Loss curves: one panel a variant."""

import math
import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

from ablate.analysis import collect
from ablate.analysis.figures.style import BLUE, GREY, ORANGE, STYLE, WIDTH
from ablate.analysis.report.sentences import holes

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

PANELS = 6  # a page
LOSSES: dict[str, tuple[str, str, "LineStyleType", str]] = {
    "train_loss": ("training", ORANGE, (0, (2.2, 1.8)), "s"),  # wider gaps than "--", which the seeds beneath fill
    "val_loss": ("validation", BLUE, "-", "o"),
}


def pages(runs: pd.DataFrame) -> int:
    """How many pages of `loss_curves` the study fills."""
    return math.ceil(int(runs["variant"].nunique()) / PANELS)


def loss_curves(curves: pd.DataFrame, runs: pd.DataFrame, page: int = 0) -> Figure:
    """Loss against epoch, a panel a variant, `PANELS` a page: each seed thin, the mean of the completed runs thick.

    The band is a pointwise 95 % t-interval for 5 seeds or more, else from minimum to maximum. A diverged run ends at a
    cross and is in no mean. The mean ends with the first run that does, so that it is over the same runs throughout.
    """
    labels = collect.labels(runs)
    shown = list(labels)[page * PANELS : (page + 1) * PANELS]
    columns = 2 if len(shown) == 4 else min(3, len(shown))  # four make a square
    rows = -(-len(shown) // columns)
    low, high = _loss_range(curves)
    reference = _by_epoch(curves, collect.BASELINE, "val_loss").dropna().mean(axis=1)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(max(WIDTH * columns / 3, 3.5), 0.8 + 1.7 * rows), layout="constrained")
        panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
        for axis, variant in zip(panels, shown, strict=False):
            if variant != collect.BASELINE:
                axis.plot(reference, color=GREY, linestyle=":", linewidth=1.2, label="baseline")
            _loss_panel(axis, curves, variant, ceiling=high)
            axis.set_title(_loss_title(labels[variant], curves, runs[runs["variant"] == variant]))
        for axis in panels[len(shown) :]:
            axis.set_axis_off()
        for axis in panels[max(0, len(shown) - columns) : len(shown)]:
            axis.xaxis.set_tick_params(labelbottom=True)
            axis.set_xlabel("Epoch")
        last = curves["epoch"].max() if len(curves) else 1
        panels[0].set(yscale="log", ylim=(low, high), xlim=(0.5, last + 0.5))
        panels[0].xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        panels[0].yaxis.set(major_locator=FixedLocator(_loss_ticks(low, high)), minor_locator=NullLocator())
        panels[0].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        figure.supylabel("Loss (log scale)", fontsize=8)
        figure.legend(
            handles=_loss_legend(curves, runs),
            loc="outside upper center",
            ncols=min(columns, 3),
            frameon=False,
            handlelength=3,
        )
    return figure


def _by_epoch(curves: pd.DataFrame, variant: str, loss: str, status: str = "completed") -> pd.DataFrame:
    """The loss of the variant's runs with that status, epochs x seeds; NaN where it is not finite or not there."""
    chosen = curves[(curves["variant"] == variant) & (curves["status"] == status)]
    table = chosen.pivot(index="epoch", columns="seed", values=loss)
    return table.where(np.isfinite(table))


def _loss_panel(axis: Axes, curves: pd.DataFrame, variant: str, ceiling: float) -> None:
    """One variant's curves. A label that starts with `_` names a part without a legend entry."""
    for loss, (name, colour, line, marker) in LOSSES.items():
        completed, diverged = (_by_epoch(curves, variant, loss, status) for status in ("completed", "diverged"))
        for _, run in [*completed.items(), *diverged.items()]:
            axis.plot(run.dropna(), color=colour, linestyle=line, linewidth=0.5, alpha=0.6, label=f"_seed {name}")
        together = completed.dropna()
        if len(together):
            mean: dict[str, Any] = {"linewidth": 1.4, "marker": marker, "zorder": 3}
            mean["markevery"] = max(1, len(together) // 6)
            axis.plot(together.mean(axis=1), color=colour, linestyle=line, label=name, **mean)
        if len(together) and together.shape[1] > 1:
            axis.fill_between(together.index, *_band(together), color=colour, alpha=0.15, linewidth=0)
    for _, run in _by_epoch(curves, variant, "val_loss", "diverged").items():
        end = run.last_valid_index()
        last, height = (run.index[-1], ceiling) if end is None else (end, min(run[end], ceiling))
        cross: dict[str, Any] = {"marker": "x", "markersize": 6, "linestyle": "", "clip_on": False, "zorder": 4}
        axis.plot([last], [height], color="black", label="_diverged", **cross)


def _band(values: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Lower and upper edge of the band about the mean of values (epochs x seeds)."""
    from scipy.special import stdtrit

    n = values.shape[1]
    if n < 5:
        return values.min(axis=1), values.max(axis=1)
    mean, half = values.mean(axis=1), stdtrit(n - 1, 0.975) * values.sem(axis=1)
    return (mean - half).clip(lower=np.finfo(float).tiny), mean + half


def _loss_title(label: str, curves: pd.DataFrame, runs: pd.DataFrame) -> str:
    """What the variant changes, how many runs are in its mean, and which are not."""
    drawn = curves[curves["status"] == "completed"].groupby("variant")["seed"].nunique()
    lost = ", ".join(holes(runs).values())
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
        Line2D([], [], color=colour, linestyle=line, marker=marker, label=f"{name} (thick: mean)")
        for name, colour, line, marker in LOSSES.values()
    ]
    counts = curves[curves["status"] == "completed"].groupby("variant")["seed"].nunique()
    bands = [(2, 5, "minimum to maximum"), (5, np.inf, "95 % t-interval")]
    words = [what for low, high, what in bands if ((counts >= low) & (counts < high)).any()]
    if len(words) > 1:
        words = ["95 % t-interval, for n < 5 min. to max."]
    handles += [Patch(color=GREY, alpha=0.3, linewidth=0, label=f"band: {word}") for word in words]
    if runs["variant"].nunique() > 1 and collect.BASELINE in counts:
        handles.append(Line2D([], [], color=GREY, linestyle=":", label="baseline's validation mean"))
    if (curves["status"] == "diverged").any():
        handles.append(Line2D([], [], color="black", marker="x", markersize=6, linestyle="", label="run diverged"))
    return handles
