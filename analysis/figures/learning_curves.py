"""Learning curves, one panel per variant: loss and accuracy."""

import math
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ablate.analysis import collect
from ablate.analysis.figures.curve_axes import LOSS, Quantity, limits, set_shared_axes
from ablate.analysis.figures.style import BLUE, COLUMN, GRAY, ORANGE, STYLE, wrap_label
from ablate.analysis.report.incomplete import lost_runs

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

PANELS = 8  # per page
PANEL_HEIGHTS = {0: 1.0, 1: 1.7, 2: 1.25, 3: 1.2, 4: 1.08}  # inches by number of rows
SEEDS_OF_INTERVAL = 5  # with fewer, the band is from minimum to maximum
# The gaps of "--" are too narrow to see over thin lines.
LINES: tuple[tuple[str, str, "LineStyleType", str], ...] = (
    ("training", ORANGE, (0, (2.2, 1.8)), "s"),
    ("validation", BLUE, "-", "o"),
)


def comparable(curves: pd.DataFrame) -> pd.DataFrame:
    """The curves with a training loss that is the same function as the validation loss, where it is recorded.

    A run of an earlier version has the loss that it minimized in its place.
    """
    return curves.assign(train_cross_entropy=curves["train_cross_entropy"].fillna(curves["train_loss"]))


def with_columns(curves: pd.DataFrame, quantity: Quantity) -> pd.DataFrame:
    """The curves with both columns of a quantity, NaN where the app records none."""
    return curves.assign(**{name: np.nan for name in quantity.columns if name not in curves})


def pages(runs: pd.DataFrame) -> int:
    """The number of pages of `learning_curves`."""
    return math.ceil(int(runs["variant"].nunique()) / PANELS)


def learning_curves(curves: pd.DataFrame, runs: pd.DataFrame, page: int = 0, quantity: Quantity = LOSS) -> Figure:
    """Draw loss or accuracy against the epoch: thin lines for single seeds, a thick one for the mean of completed runs.

    The band is a pointwise 95 % t-interval for 5 seeds or more, else from the minimum to the maximum. The mean and the
    band end with the shortest completed run. A diverged run ends at a cross and is not part of the mean.

    Args:
        curves: The frame of `collect.curves`.
        runs: The frame of `collect.collect`.
        page: Which `PANELS` variants to draw, counted from 0.
        quantity: `LOSS` or `ACCURACY`.
    """
    labels, curves = collect.labels(runs), with_columns(comparable(curves), quantity)
    variants = list(labels)[page * PANELS : (page + 1) * PANELS]
    columns = min(2, len(variants))
    rows = -(-len(variants) // columns)
    low, high = limits(curves, quantity, runs)
    legend = _legend(curves[curves["variant"].isin(variants)], runs, quantity)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 0.75 + PANEL_HEIGHTS[rows] * rows), layout="constrained")
        panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
        for axis, variant in zip(panels, variants, strict=False):
            if variant != collect.BASELINE:
                _baseline_curve(axis, curves, quantity)
            _panel(axis, curves, variant, quantity, ceiling=high)
            title = _title(labels[variant], curves, runs[runs["variant"] == variant])
            axis.set_title(title, fontsize=7)
        for axis in panels[max(0, len(variants) - columns) : len(variants)]:
            axis.xaxis.set_tick_params(labelbottom=True)
        set_shared_axes(panels[0], curves, quantity, low, high)
        figure.supylabel(quantity.label, fontsize=8)
        figure.supxlabel("Epoch", fontsize=8)
        if spare := panels[len(variants) :]:
            spare[0].set_axis_off()
            spare[0].legend(handles=legend, loc="center", frameon=False, handlelength=3)
        else:
            figure.legend(
                handles=legend, loc="outside upper center", ncols=2, frameon=False, handlelength=2.6, columnspacing=1.0
            )
    return figure


def _baseline_curve(axis: Axes, curves: pd.DataFrame, quantity: Quantity) -> None:
    """Draw the baseline's mean on the validation images as a dotted line."""
    mean = _by_epoch(curves, collect.BASELINE, quantity.validation).dropna().mean(axis=1)
    axis.plot(mean, color=GRAY, linestyle=":", linewidth=1.2, label="baseline")


def _by_epoch(curves: pd.DataFrame, variant: str, column: str, status: str = "completed") -> pd.DataFrame:
    """A column of a variant's runs with a status, (epochs, seeds); NaN where it is not finite or missing."""
    selected = curves[(curves["variant"] == variant) & (curves["status"] == status)]
    table = selected.pivot(index="epoch", columns="seed", values=column)
    return table.where(np.isfinite(table))


def _panel(axis: Axes, curves: pd.DataFrame, variant: str, quantity: Quantity, ceiling: float) -> None:
    """Draw the curves of one variant. Matplotlib leaves labels that start with `_` out of legends."""
    for column, (name, color, line, marker) in zip(quantity.columns, LINES, strict=True):
        completed, diverged = (_by_epoch(curves, variant, column, status) for status in ("completed", "diverged"))
        for _, run in [*completed.items(), *diverged.items()]:
            axis.plot(run.dropna(), color=color, linestyle=line, linewidth=0.5, alpha=0.6, label=f"_seed {name}")
        together = completed.dropna()
        if len(together):
            mean: dict[str, Any] = {"linewidth": 1.4, "marker": marker, "zorder": 3}
            mean["markevery"] = max(1, len(together) // 6)
            axis.plot(together.mean(axis=1), color=color, linestyle=line, label=name, **mean)
        if len(together) and together.shape[1] > 1:
            axis.fill_between(together.index, *band(together), color=color, alpha=0.15, linewidth=0)
    for _, run in _by_epoch(curves, variant, quantity.validation, "diverged").items():
        end = run.last_valid_index()
        last, height = (run.index[-1], ceiling) if end is None else (end, min(run[end], ceiling))
        cross: dict[str, Any] = {"marker": "x", "markersize": 6, "linestyle": "", "clip_on": False, "zorder": 4}
        axis.plot([last], [height], color="black", label="_diverged", **cross)


def band(values: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Lower and upper edge of the band around the mean of `values` (epochs, seeds)."""
    from scipy.special import stdtrit

    n = values.shape[1]
    if n < SEEDS_OF_INTERVAL:
        return values.min(axis=1), values.max(axis=1)
    mean, half = values.mean(axis=1), stdtrit(n - 1, 0.975) * values.sem(axis=1)
    low = mean - half
    return (
        low.clip(lower=np.finfo(float).tiny) if (values > 0).all(axis=None) else low
    ), mean + half  # a loss is positive


def _title(label: str, curves: pd.DataFrame, runs: pd.DataFrame) -> str:
    """Title of a panel: the variant, the number of runs in its mean, and the runs that are not in it."""
    completed = curves[curves["status"] == "completed"].groupby("variant")["seed"].nunique()
    others = ", ".join(lost_runs(runs).values())
    count = f"n = {completed.get(runs['variant'].iloc[0], 0)}" + (f"; {others}" if others else "")
    return f"{wrap_label(label, 28)}\n{wrap_label(count, 32)}"


def bands(curves: pd.DataFrame) -> list[str]:
    """The kinds of band that occur: `95 % t-interval`, `minimum to maximum`."""
    counts = curves[curves["status"] == "completed"].groupby("variant")["seed"].nunique()
    return [
        kind
        for kind, occurs in (
            ("95 % t-interval", counts >= SEEDS_OF_INTERVAL),
            ("minimum to maximum", counts.between(2, SEEDS_OF_INTERVAL - 1)),
        )
        if occurs.any()
    ]


def _legend(curves: pd.DataFrame, runs: pd.DataFrame, quantity: Quantity) -> list[Line2D | Patch]:
    """Legend entries for the lines, bands and crosses that occur in `curves`."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=color, linestyle=line, marker=marker, label=name)
        for column, (name, color, line, marker) in zip(quantity.columns, LINES, strict=True)
        if curves[column].notna().any()
    ]
    kinds = bands(curves)
    if kinds:
        handles.append(Patch(color=GRAY, alpha=0.3, linewidth=0, label=kinds[0] if len(kinds) == 1 else "band"))
    if curves["variant"].nunique() > 1 and _by_epoch(curves, collect.BASELINE, quantity.validation).size:
        handles.append(Line2D([], [], color=GRAY, linestyle=":", label="baseline, validation"))
    if (curves["status"] == "diverged").any():
        handles.append(Line2D([], [], color="black", marker="x", markersize=6, linestyle="", label="diverged run"))
    return handles
