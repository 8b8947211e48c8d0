"""The intervals in the rows of report.html."""

import re

import pandas as pd
import pytest

from ablate.analysis import collect, verdict
from ablate.analysis.effects import effects
from ablate.analysis.figures.forest import MARKERS
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.html_forest import MARKS, forest, mark, scale
from ablate.runs.metric import Metric


def frame(*rows):
    return pd.DataFrame(rows, columns=["difference", "ci_low", "ci_high"])


def test_the_scale_holds_means_margin_and_zero():
    axis = scale(frame((-8.0, -9.0, -7.0), (2.0, 1.5, 2.5)), margin=3.0)
    assert (axis.low, axis.high) == (-9, 3)


def test_one_wide_interval_does_not_hide_the_others():
    """The means are 2 apart: the scale ends 2 beyond them."""
    axis = scale(frame((-1.0, -40.0, 38.0), (1.0, 0.5, 1.5)), margin=None)
    assert (axis.low, axis.high) == (-3, 3)


@pytest.mark.parametrize("rows", [[(0.0, float("nan"), float("nan"))], [(0.0, 0.0, 0.0)]])
def test_equal_values_have_a_scale(rows):
    axis = scale(frame(*rows), margin=None)
    assert axis.low < 0 < axis.high


def test_every_verdict_has_a_mark_of_its_own():
    assert set(MARKS) == set(verdict.ALL) == set(MARKERS)
    assert len({mark(name) for name in verdict.ALL}) == len(verdict.ALL) and mark(collect.BASELINE) == ""


def test_a_row_has_seeds_interval_mean_and_margin(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6, 2: 0.7}, "model=b": {0: 0.55, 1: 0.66, 2: 0.74}, "model=c": {0: "diverged"}}
    runs = collect.collect(make_study(results, {"model": ["a", "b", "c"]}))
    shown = MetricFormat(Metric(margin=1.0))
    header, rows = forest(effects(runs, metric=shown.metric), runs, shown)
    assert rows["model=b"].count('class="seed"') == 3 and rows["model=b"].count('class="interval"') == 1
    assert rows["model=b"].count("transform") == 1 and rows["model=c"].count("transform") == 0
    assert {row.count('class="margin"') for row in rows.values()} == {1} and "better →" in header
    zero = {re.search(r'class="zero" d="M([0-9.]+) ', text)[1] for text in rows.values()}
    assert len(zero) == 1  # one scale


def test_without_a_difference_there_is_nothing_to_draw(make_study):
    runs = collect.collect(make_study({"baseline": {0: 0.5, 1: 0.6}}, {"model": ["a"]}))
    assert forest(effects(runs), runs, MetricFormat(Metric())) is None


def test_an_interval_beyond_the_scale_ends_in_an_arrow(make_study):
    results = {"baseline": {0: 0.5, 1: 0.5}, "model=b": {0: 0.51, 1: 0.53}}
    runs = collect.collect(make_study(results, {"model": ["a", "b"]}))
    _, rows = forest(effects(runs), runs, MetricFormat(Metric()))
    assert re.search(r'class="interval" d="M[0-9.]+ 11H[0-9.]+M[0-9.]+ 7l-5 4 5 4M[0-9.]+ 7l5 4-5 4"', rows["model=b"])
