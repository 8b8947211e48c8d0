"""Labels at points: near their points, and without overlaps."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Annotation

from ablate.analysis import figures
from ablate.analysis.figures.point_labels import DISTANCES


def table(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Runs of `count` variants, three seeds each."""
    prefix = "model=a_variant_with_a_name_" if count < 20 else "model=v"
    names = ["baseline", *(f"{prefix}{number}" for number in range(1, count))]
    rows = [(name, seed, 0.8 + rng.normal(0, 0.03), 50 * rng.random() + 20) for name in names for seed in range(3)]
    frame = pd.DataFrame(rows, columns=["variant", "seed", "val_accuracy", "seconds"]).assign(status="completed")
    frame.insert(1, "model", frame["variant"].str.removeprefix("model="))
    return frame


@pytest.mark.parametrize("count", [1, 7, 20, 200])
@pytest.mark.parametrize("draw", [0, 1])
def test_labels_overlap_no_other_label_and_no_point(count, draw):
    figure = figures.cost(table(count, np.random.default_rng(draw)))
    figure.draw_without_rendering()
    (axis,) = figure.axes
    labels = [text for text in axis.texts if isinstance(text, Annotation)]
    assert {1: 1, 7: 5, 20: 15, 200: 1}[count] <= len(labels) <= 24
    boxes = [super(Annotation, label).get_window_extent() for label in labels]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    points = [axis.transData.transform(pair) for line in axis.lines for pair in zip(*line.get_data(), strict=True)]
    assert len(points) >= count
    assert not any(box.contains(*point) for box in boxes for point in points)
    room, longest = axis.get_window_extent(), (DISTANCES[-1] + 2) * figure.dpi / 72
    for label, box in zip(labels, boxes, strict=True):
        assert room.x0 <= box.x0 and box.x1 <= room.x1 and room.y0 <= box.y0 and box.y1 <= room.y1
        x, y = axis.transData.transform(label.xy)
        gap = max(box.x0 - x, x - box.x1, 0), max(box.y0 - y, y - box.y1, 0)
        assert np.hypot(*gap) <= longest
