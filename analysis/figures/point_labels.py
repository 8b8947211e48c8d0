"""Labels at the points of a scatter plot, without overlaps."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from ablate.analysis.figures.style import GRAY

Point = tuple[float, float]
Line = tuple[Point, Point]
DISTANCES = (5, 8, 12, 17, 23, 30, 38, 48, 60, 75, 95, 120)  # in points (1/72 inch), from a point to its label
DIRECTIONS = (0, 180, 90, 270, 45, 135, 315, 225, 22, 158, 338, 202, 67, 113, 293, 247)  # in degrees, preferred first
MARKER = 2.5  # points: half the size of a marker
STEPS = 24  # places along a line at which it is tested
STYLE_OF_LINE = {"arrowstyle": "-", "linewidth": 0.4, "color": GRAY, "shrinkA": 0, "shrinkB": MARKER}


def label_points(axis: Axes, points: Sequence[Point], labels: Sequence[str], bars: Iterable[Bbox] = ()) -> None:
    """Write a label next to each point, the first ones first. A label that finds no free place is left out.

    The figure must have its final limits: it is laid out here, and the labels do not change the layout.

    Args:
        axis: the axes.
        points: in data coordinates; all of them are kept free of labels.
        labels: one per point; an empty text for a point without a label.
        bars: further boxes to keep free, in data coordinates, such as error bars.
    """
    figure = axis.get_figure(root=True)
    assert isinstance(figure, Figure)
    for _ in range(2):  # the layout of the first pass depends on ticks that it changes
        figure.draw_without_rendering()
    figure.set_layout_engine(None)
    pixels = figure.dpi / 72
    room, size = axis.get_window_extent().padded(-1), MARKER * pixels
    centers = np.array([axis.transData.transform(point) for point in points]).reshape(-1, 2)
    thin = np.array([axis.transData.transform_bbox(bar).extents for bar in bars]).reshape(-1, 4)
    taken = np.concatenate([centers - size, centers + size], axis=1)  # of the markers, then also of the labels
    lines: list[Line] = []
    for center, point, label in zip(map(tuple, centers.tolist()), points, labels, strict=True):
        if not label:
            continue
        text = axis.annotate(label, point, (0, 0), textcoords="offset points", fontsize=7, linespacing=1,
                             arrowprops=STYLE_OF_LINE, in_layout=False, zorder=5)  # fmt: skip
        box = Text.get_window_extent(text)  # of an Annotation: without its line
        places = [
            Bbox.from_bounds(center[0] + left, center[1] + bottom, box.width, box.height)
            for left, bottom in _places(box.width, box.height, pixels)
        ]
        places = [place for place in places if _contains(room, place)]
        place = _free(center, places, taken, thin, lines) or _free(center, places, taken, thin[:0], lines)
        if place is None:
            text.remove()
            continue
        if _overlap(place, thin).any():
            text.set_bbox({"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.3})
        text.set_position(((place.x0 - center[0]) / pixels, (place.y0 - center[1]) / pixels))
        taken = np.concatenate([taken, [place.extents]])
        lines.append(_line(center, place))


def _free(
    center: Point, places: Iterable[Bbox], taken: np.ndarray, bars: np.ndarray, lines: Sequence[Line]
) -> Bbox | None:
    """The first place that overlaps nothing, and whose line to the point crosses nothing but bars; None without one.

    `taken` and `bars` are boxes: left, bottom, right and top, (n, 4).
    """
    crossed = taken[~_contain(np.array([center]), taken)[:, 0]]
    for place in places:
        if (
            not _overlap(place, taken).any()
            and not _overlap(place, bars).any()
            and not any(_contain(_along(line), np.array([place.extents])).any() for line in lines)
            and not _contain(_along(_line(center, place)), crossed).any()
        ):
            return place
    return None


def _overlap(place: Bbox, boxes: np.ndarray) -> np.ndarray:
    """Whether a box overlaps each of the boxes (n, 4), booleans (n,)."""
    left, bottom, right, top = boxes.T
    overlaps: np.ndarray = (place.x0 <= right) & (left <= place.x1) & (place.y0 <= top) & (bottom <= place.y1)
    return overlaps


def _contain(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Whether each of the boxes (n, 4) contains each of the points (k, 2), booleans (n, k)."""
    left, bottom, right, top = boxes.T[:, :, None]
    x, y = points.T
    inside: np.ndarray = (left <= x) & (x <= right) & (bottom <= y) & (y <= top)
    return inside


def _along(line: Line) -> np.ndarray:
    """`STEPS` + 1 points along a line, (k, 2)."""
    start, end = np.array(line)
    points: np.ndarray = start + np.linspace(0, 1, STEPS + 1)[:, None] * (end - start)
    return points


def _line(center: Point, place: Bbox) -> Line:
    """The line from a point to the middle of its label."""
    return center, ((place.x0 + place.x1) / 2, (place.y0 + place.y1) / 2)


def _places(width: float, height: float, pixels: float) -> Iterator[Point]:
    """Left and bottom of the possible boxes around a point, in pixels from it, nearest first."""
    for distance, direction in itertools.product(DISTANCES, DIRECTIONS):
        x, y = math.cos(math.radians(direction)), math.sin(math.radians(direction))
        # The box touches a circle around the point: it is centered above it, starts on its right, ends on its left.
        yield distance * pixels * x + (x - 1) / 2 * width, distance * pixels * y + (y - 1) / 2 * height


def _contains(outer: Bbox, inner: Bbox) -> bool:
    return bool(outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1)
