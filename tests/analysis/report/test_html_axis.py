"""Axes of the pictures in report.html."""

import math

import pytest

from ablate.analysis.report.html_axis import Axis, padded


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 10.0, [0, 5, 10]),
        (-14.2, 3.56, [-10, -5, 0]),
        (-0.3, 1.7, [0, 0.5, 1, 1.5]),
        (0.0, 9.999999999999998, [0, 5, 10]),
        (1e-6, 9e-6, [2e-6, 4e-6, 6e-6, 8e-6]),
        (-2000.0, 2000.0, [-2000, -1000, 0, 1000, 2000]),
    ],
)
def test_ticks_are_round(low, high, ticks):
    assert Axis(low, high, 0, 100).ticks() == pytest.approx(ticks)


@pytest.mark.parametrize("high", [10.0**power * factor for power in range(-8, 9) for factor in (1, 1.3, 2, 4.7, 9.99)])
def test_there_is_space_for_the_ticks(high):
    assert 2 <= len(Axis(0, high, 0, 100).ticks()) <= 5
    assert 2 <= len(Axis(-high, high, 0, 100).ticks()) <= 5


def test_a_value_is_at_its_share_of_the_pixels_and_one_beyond_at_the_end():
    axis = Axis(-1, 3, 100, 200)
    assert [axis.at(value) for value in (-1, 0, 3, 99, -99)] == [100, 125, 200, 200, 100]
    upward = Axis(0, 1, 200, 0)
    assert upward.at(0.25) == 150


def test_a_logarithmic_axis_has_powers_of_ten():
    axis = padded([0.001, 0.3], 0, 100, log=True)
    assert axis.log and axis.ticks() == pytest.approx([0.001, 0.01, 0.1])
    assert axis.at(math.sqrt(0.001 * 0.3)) == pytest.approx(50, abs=0.1)


@pytest.mark.parametrize("values", [[0.0], [5.0], [-3.0, -3.0], [0.0, 1.0], [1e-5, 1e5]])
def test_every_value_is_inside_the_padded_axis(values):
    for log in (False, True):
        axis = padded(values, 0, 100, log)
        assert all(0 < axis.at(value) < 100 for value in values) and axis.log == (log and min(values) > 0)
