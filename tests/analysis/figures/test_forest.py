"""The forest plot: rows, intervals, markers and labels."""

import itertools

import numpy as np
import pytest

from ablate.analysis import collect, figures
from ablate.analysis.analyze import analyze
from ablate.analysis.effects import effects as compare
from ablate.analysis.metric_format import MetricFormat
from ablate.runs.metric import Metric
from tests.analysis.figures.conftest import FACTORS, lines


def test_the_forest_plot_has_one_row_per_variant_in_the_order_of_the_table(runs):
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
    first, *others = figures.effects(compare(runs), runs).get_supxlabel().splitlines()
    assert first == "Difference in validation accuracy (percentage points)"
    assert " ".join(others).replace("\N{NO-BREAK SPACE}", " ") == (
        "baseline: model=a, weight_decay=0.1; mean 52.00 %, n = 5"
    )


def test_forest_has_a_marker_for_each_verdict_that_occurs(make_study):
    base, rising = dict.fromkeys(range(6), 0.9), [0.001 * (seed % 2) for seed in range(6)]
    results = {
        "baseline": base, "model=b": {s: 0.95 + x for s, x in enumerate(rising)},
        "model=c": dict.fromkeys(range(6), "diverged"),
        "weight_decay=0": {s: 0.9 + x for s, x in enumerate(rising)},
    }  # fmt: skip
    runs = collect.collect(make_study(results, FACTORS))
    figure = figures.effects(compare(runs, metric=Metric(margin=1.0)), runs, MetricFormat(Metric(margin=1.0)))
    axis = figure.axes[0]
    assert [mean.get_marker() for mean in lines(axis, "_mean")] == ["^", "X", "s"]
    assert [text.get_text().strip() for text in axis.texts] == ["6 of 6 runs diverged (baseline: 0 of 6)"]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [
        "margin: ±1 points", "95 % CI", "simultaneous 95 % CI", "one seed", "better", "equivalent", "diverges"
    ]  # fmt: skip


def test_a_legend_has_only_what_occurs(make_study):
    """One planned variant has no simultaneous interval, and one seed no interval at all."""
    for name, seeds, words in (("two", (0, 1), ["95 % CI", "one seed"]), ("one", (0,), ["one seed"])):
        results = {"baseline": dict.fromkeys(seeds, 0.5), "model=b": {seed: 0.6 + seed / 10 for seed in seeds}}
        runs = collect.collect(make_study(results, {"model": ["a", "b"]}, name=name))
        texts = [text.get_text() for text in figures.effects(compare(runs), runs).legends[0].get_texts()]
        assert texts[: len(words)] == words and len(texts) == len(words) + 1  # and the verdict


def test_the_interval_of_two_seeds_does_not_stretch_the_axis(make_study):
    """t of one degree of freedom is 12.7, of four 2.8: the interval of b is 45 points long on each side."""
    noise = (0.001, -0.002, 0.002, 0.0, -0.001)
    results = {"baseline": dict.fromkeys(range(5), 0.8), "model=b": {0: 0.75, 1: 0.82}}
    results |= {f"model={name}": {s: 0.8 + k / 100 + x for s, x in enumerate(noise)} for k, name in enumerate("cdef")}
    study = make_study(results, {"model": [*"abcdef"]})
    runs = collect.collect(study)
    axis = figures.effects(compare(runs), runs).axes[0]
    low, high = axis.get_xlim()
    assert -6 < low < -5 and 3.2 < high < 4
    assert [line.get_marker() for line in lines(axis, "_cut")][:2] == ["<", ">"]
    assert [line.get_xdata()[0] for line in lines(axis, "_cut")][:2] == [low, high]
    results = analyze(study)
    assert "An arrow marks a bar that is cut off" in figures.captions(results)["effects"]


def test_of_many_variants_those_that_differ_most_are_drawn_in_the_order_of_the_table(make_study):
    levels = [f"level{number}" for number in range(200)]
    results = {"baseline": {0: 0.5, 1: 0.5}}
    results |= {f"model={level}": {0: 0.5 + n % 100 / 1000, 1: 0.5} for n, level in enumerate(levels[1:], 1)}
    runs = collect.collect(make_study(results, {"model": levels}))
    figure = figures.effects(compare(runs), runs)
    figure.draw_without_rendering()
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [f"model=level{n}" for n in [*range(88, 100), *range(188, 200)]]
    assert figure.get_supxlabel().splitlines()[-1] == "24 of 199 variants: those that differ most"
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes))
