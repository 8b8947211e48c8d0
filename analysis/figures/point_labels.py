"""Labels at the points of a scatter plot, without overlaps."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from ablate.analysis.figures.style import GRAY

Point = tuple[float, float]
DISTANCES = (5, 9, 15, 23, 33, 45, 60, 80, 105, 135)  # in points (1/72 inch), from a point to its label
DIRECTIONS = (0, 180, 90, 270, 45, 135, 315, 225, 22, 158, 338, 202, 67, 113, 293, 247)  # in degrees, preferred first
MARKER = 2.5  # points: half the size of a marker
STEPS = 24  # places along a line at which it is tested
LINE = {"arrowstyle": "-", "linewidth": 0.4, "color": GRAY, "shrinkA": 0, "shrinkB": MARKER}


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
    figure.draw_without_rendering()
    pixels = figure.dpi / 72
    room, size = axis.get_window_extent().padded(-1), MARKER * pixels
    centers = [axis.transData.transform(point) for point in points]
    markers = [Bbox.from_extents(x - size, y - size, x + size, y + size) for x, y in centers]
    taken = [*markers, *(axis.transData.transform_bbox(bar) for bar in bars)]
    placed: list[Bbox] = []
    lines: list[tuple[Point, Point]] = []
    for center, point, label in zip(centers, points, labels, strict=True):
        if not label:
            continue
        text = axis.annotate(label, point, (0, 0), textcoords="offset points", fontsize=6.5, linespacing=1,
                             arrowprops=LINE, in_layout=False)  # fmt: skip
        box = Text.get_window_extent(text)  # of an Annotation: without its line
        crossed = [one for one in [*markers, *placed] if not one.contains(*center)]  # what the line must not cross
        for left, bottom in _places(box.width, box.height, pixels):
            place = Bbox.from_bounds(center[0] + left, center[1] + bottom, box.width, box.height)
            line = (tuple(center), ((place.x0 + place.x1) / 2, (place.y0 + place.y1) / 2))
            if (
                _contains(room, place)
                and not any(place.overlaps(one) for one in [*taken, *placed])
                and not any(_crosses(one, place) for one in lines)
                and not any(_crosses(line, one) for one in crossed)
            ):
                text.set_position((left / pixels, bottom / pixels))
                placed.append(place)
                lines.append(line)
                break
        else:
            text.remove()


def _places(width: float, height: float, pixels: float) -> Iterator[Point]:
    """Left and bottom of the possible boxes around a point, in pixels from it, nearest first."""
    for distance, direction in itertools.product(DISTANCES, DIRECTIONS):
        x, y = math.cos(math.radians(direction)), math.sin(math.radians(direction))
        # The box touches a circle around the point: it is centered above it, starts on its right, ends on its left.
        yield distance * pixels * x + (x - 1) / 2 * width, distance * pixels * y + (y - 1) / 2 * height


def _contains(outer: Bbox, inner: Bbox) -> bool:
    return bool(outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1)


def _crosses(line: tuple[Point, Point], box: Bbox) -> bool:
    """Whether a line passes through a box, at `STEPS` places along it."""
    (x0, y0), (x1, y1) = line
    return any(box.contains(x0 + k / STEPS * (x1 - x0), y0 + k / STEPS * (y1 - y0)) for k in range(STEPS + 1))
