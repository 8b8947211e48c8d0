"""What learning curves draw, loss or accuracy, and the axes that their panels share."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator, StrMethodFormatter

from ablate.analysis.variant_results import learned


class Quantity(NamedTuple):
    """The columns of a quantity of the training batches and of the validation images, and the label of its axis."""

    training: str
    validation: str
    label: str

    @property
    def columns(self) -> tuple[str, str]:
        """Both columns."""
        return self.training, self.validation

    @property
    def is_loss(self) -> bool:
        """True for a loss, which has no upper limit and is drawn on a logarithmic scale."""
        return self.validation == "val_loss"


LOSS = Quantity("train_cross_entropy", "val_loss", "Loss (log scale)")
ACCURACY = Quantity("train_accuracy", "val_accuracy", "Accuracy (%)")


def curve_of(metric: str) -> Quantity:
    """The curve of a metric of another app; its training column has `train` in place of `val`, if there is one."""
    return Quantity(metric.replace("val", "train"), metric, metric)


def set_shared_axes(axis: Axes, curves: pd.DataFrame, quantity: Quantity, low: float, high: float) -> None:
    """Set the limits and ticks that all panels share."""
    epochs = curves.dropna(subset=list(quantity.columns), how="all")["epoch"]
    first, last = (epochs.min(), epochs.max()) if len(epochs) else (1, 1)
    axis.set(ylim=(low, high), xlim=(min(first, 1) - 0.5, last + 0.5))  # Lightning counts epochs from 0
    axis.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    if not quantity.is_loss:
        axis.yaxis.set_major_locator(MaxNLocator(5))
        if quantity == ACCURACY:
            axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
        return
    axis.set(yscale="log", ylim=(low, high))
    axis.yaxis.set(major_locator=FixedLocator(_loss_ticks(low, high)), minor_locator=NullLocator())
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def limits(curves: pd.DataFrame, quantity: Quantity, runs: pd.DataFrame) -> tuple[float, float]:
    """Limits of the vertical axis that all panels share.

    Those of a loss include all values of the completed runs that learned something, and values of other runs up to
    three times the largest of these.
    """
    if quantity.is_loss:
        learning = runs.loc[learned(runs), ["variant", "seed"]].assign(learned=True)
        return _loss_limits(curves.merge(learning, how="left", on=["variant", "seed"]))
    low, high = curves[[*quantity.columns]].min().min(), curves[[*quantity.columns]].max().max()
    if not np.isfinite(low):
        return 0.0, 1.0
    edge = max(0.03 * (high - low), 0.005)
    return float(low - edge), float(high + edge)


def _loss_limits(curves: pd.DataFrame) -> tuple[float, float]:
    """Limits of the losses of `curves`, with a column `learned`: True for the runs that determine them."""
    losses = curves[[*LOSS.columns]].where(lambda loss: np.isfinite(loss) & (loss > 0))
    learning = losses[curves["learned"].notna()].stack()
    every = losses.stack()
    if every.empty:
        return 0.1, 10.0
    high = 1.15 * every.max()
    return float(every.min() / 1.15), float(high if learning.empty else min(high, 3 * learning.max()))


def _loss_ticks(low: float, high: float) -> list[float]:
    """Round numbers within the limits: the coarsest set with at least three."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ([1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 6, 8]):
        ticks = [float(decade * step) for decade in decades for step in steps if low <= decade * step <= high]
        if len(ticks) >= 3:
            return ticks
    return [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
