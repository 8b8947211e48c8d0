"""The forest plot: rows, intervals, markers and labels."""

import numpy as np
import pytest

from ablate.analysis import collect, figures
from ablate.analysis.effects import effects as compare
from tests.analysis.figures.conftest import FACTORS, lines


def test_the_forest_plot_has_one_row_per_variant_largest_first(runs):
    axis = figures.effects(compare(runs), runs).axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["model=b", "model=c", "weight_decay=0"]
    means, seeds = lines(axis, "_mean"), lines(axis, "_seeds")
    assert [mean.get_xdata()[0] for mean in means] == pytest.approx([14.5, -10])  # b: +10 and +19
    assert [sorted(seed.get_xdata()) for seed in seeds] == [pytest.approx([10, 19]), pytest.approx([-10])]
    low, high = lines(axis, "_interval")[0].get_xdata()
    assert (low, high) == pytest.approx((14.5 - 12.706205 * 4.5, 14.5 + 12.706205 * 4.5), abs=1e-4)
    assert np.isnan(lines(axis, "_interval")[1].get_xdata()).all()
    assert [text.get_text().strip() for text in axis.texts] == ["no completed run to compare"]
    assert axis.lines[0].get_xdata() == [0, 0]


def test_the_forest_plot_names_the_baseline_and_the_unit(runs):
    axis = figures.effects(compare(runs), runs).axes[0]
    first, second = axis.get_xlabel().splitlines()
    assert first == "Difference in validation accuracy from the baseline (percentage points)"
    assert second.replace("\N{NO-BREAK SPACE}", " ") == "baseline: model=a, weight_decay=0.1; mean 52.00 %, n = 5"


def test_forest_has_a_marker_for_each_verdict_that_occurs(make_study):
    base, rising = dict.fromkeys(range(6), 0.9), [0.001 * (seed % 2) for seed in range(6)]
    results = {
        "baseline": base, "model=b": {s: 0.95 + x for s, x in enumerate(rising)},
        "model=c": dict.fromkeys(range(6), "diverged"),
        "weight_decay=0": {s: 0.9 + x for s, x in enumerate(rising)},
    }  # fmt: skip
    runs = collect.collect(make_study(results, FACTORS))
    figure = figures.effects(compare(runs, margin=1.0), runs, margin=1.0)
    axis = figure.axes[0]
    assert [mean.get_marker() for mean in lines(axis, "_mean")] == ["^", "s", "X"]
    assert [text.get_text().strip() for text in axis.texts] == ["6 of 6 runs diverged (baseline: 0 of 6)"]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [
        "margin: ±1 points", "95 % CI", "simultaneous 95 % CI (Bonferroni, 3 planned variants)", "one seed", "better",
        "equivalent", "diverges",
    ]  # fmt: skip
