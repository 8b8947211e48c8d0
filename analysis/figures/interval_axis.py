"""Intervals on an axis of a figure, whose limits are those of `interval_limits`."""

from typing import Any

from matplotlib.axes import Axes


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
