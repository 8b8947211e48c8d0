"""Interactions, and shares of the sum of squares."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import figures
from ablate.analysis.analyze import analyze
from tests.analysis.figures.conftest import FACTORS, lines

PAIR = {"kind": "interaction", "factor": "model", "level": "wide_resnet", "factor_2": "normalization"}


@pytest.mark.parametrize("level", ["batch", "weight_standardization"])
def test_the_labels_of_a_small_heatmap_are_not_clipped(level):
    contrasts = pd.DataFrame([{**PAIR, "level_2": level, "mean": -0.138, "n": 5}])
    figure = figures.interactions(contrasts, ["model", "normalization"])
    figure.draw_without_rendering()
    bar = figure.axes[1]
    assert bar.get_title() == "Interaction\n(points)" and figure.axes[0].texts[0].get_text() == "−13.8\nn = 5"
    box = figure.bbox
    for text in (bar.title, *figure.axes[0].get_xticklabels(), *figure.axes[0].get_yticklabels()):
        inside = text.get_window_extent()
        assert box.x0 <= inside.x0 and inside.x1 <= box.x1 and box.y0 <= inside.y0 and inside.y1 <= box.y1
    assert not bar.title.get_window_extent().overlaps(bar.get_window_extent())


def test_shares_are_drawn_with_seed_and_residual():
    table = pd.DataFrame({"term": ["f", "f:g", "seed", "Residual"], "share": [0.5, 0.25, 0.15, 0.1],
                          "low": [0.4, np.nan, 0.1, 0.05], "high": [0.6, np.nan, 0.2, 0.2]})  # fmt: skip
    axis = figures.variance_shares(table).axes[0]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([50, 25, 15, 10])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["f", "f × g", "seed", "Residual"]
    assert lines(axis, "_interval")[0].get_xdata() == pytest.approx([40, 60]) and len(lines(axis, "_interval")) == 3
    many = pd.DataFrame(
        {"term": [f"t{k}" for k in range(30)] + ["seed", "Residual"], "share": 1 / 32, "low": np.nan, "high": np.nan}
    )
    axis = figures.variance_shares(many).axes[0]
    assert len(axis.patches) == 16 and sum(bar.get_width() for bar in axis.patches) == pytest.approx(100)


def test_interactions_that_cannot_be_estimated_are_not_drawn(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.8}, "weight_decay=0": {0: 0.4, 1: 0.3}}
    alone = analyze(make_study(results, FACTORS))
    drawing = figures.every(alone)
    assert "interactions" not in drawing and "variance_shares" in drawing
    assert set(alone.contrasts["kind"]) == {"main"} and alone.contrasts["estimable"].any()
    bars = [label.get_text() for label in drawing["variance_shares"]().axes[0].get_yticklabels()]
    assert sorted(bars) == ["Residual", "model", "seed", "weight_decay"]
    results |= {"model=b+weight_decay=0": {0: 0.5, 1: 0.5}}
    both = analyze(make_study(results, FACTORS, name="both"))
    assert set(both.contrasts["kind"]) == {"main", "interaction"}
    assert "interactions" not in figures.every(both)  # a heatmap of one cell
    results |= {"model=c": {0: 0.5, 1: 0.4}, "model=c+weight_decay=0": {0: 0.5, 1: 0.5}}
    assert "interactions" in figures.every(analyze(make_study(results, FACTORS, name="more")))
