"""An axis of points with intervals: a few wide intervals do not set its limits, and are cut off with an arrow."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

REACH = 3  # times the median half-width: intervals up to this length are always drawn in full

Floats = npt.NDArray[np.float64]


def limits(means: Floats, low: Floats, high: Floats, points: Floats) -> tuple[float, float]:
    """Limits that contain all means and points, and of each interval at least `REACH` median half-widths.

    Args:
        means: one per row; NaN where it is unknown.
        low: lower ends of the intervals by row, NaN where there is none.
        high: upper ends.
        points: further values that must be visible.
    """
    half = (high - low) / 2
    known = half[np.isfinite(half)]
    reach = REACH * float(np.quantile(known, 0.5, method="lower")) if len(known) else 0.0
    ends = [np.fmax(low, means - reach), np.fmin(high, means + reach), means, points]
    shown = np.concatenate([part[np.isfinite(part)] for part in ends])
    if not len(shown):
        return -1.0, 1.0
    edge = 0.04 * float(np.ptp(shown)) or 1.0
    return float(shown.min()) - edge, float(shown.max()) + edge


def draw(axis: Axes, low: float, high: float, place: float, ends: tuple[float, float], **style: Any) -> bool:
    """Draw a horizontal interval (low, high) at a height, with an arrow at each of the axis' `ends` that it passes.

    Returns:
        Whether it is cut off.
    """
    axis.plot([low, high], [place] * 2, **style)
    arrows = [(ends[0], "<")] * bool(low < ends[0]) + [(ends[1], ">")] * bool(high > ends[1])
    for end, marker in arrows:
        axis.plot(end, place, marker, color=style["color"], markersize=4, clip_on=False, zorder=4, label="_cut")
    return bool(arrows)
