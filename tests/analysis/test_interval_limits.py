"""The limits of an axis with intervals."""

import numpy as np
import pytest

from ablate.analysis.interval_limits import limits

NAN = float("nan")


def of(*intervals, points=(0.0,)):
    means, low, high = np.array(intervals, float).T
    return limits(means, low, high, np.array(points))


def test_intervals_means_and_points_are_on_the_axis():
    assert of((-8, -9, -7), (2, 1.5, 2.5), points=(-3, 0, 3)) == pytest.approx((-9.48, 3.48))  # 4 % beyond the ends


def test_a_wide_interval_is_shown_up_to_three_times_the_median():
    low, high = of((-1, -40, 38), (1, 0.5, 1.5), (2, 1.5, 2.5))  # half-widths 39, .5, .5: b ends 1.5 from its mean
    assert (low, high) == pytest.approx((-2.7, 2.7))


@pytest.mark.parametrize("interval", [(0, NAN, NAN), (0, 0, 0)])
def test_equal_values_have_an_axis(interval):
    assert of(interval) == (-1, 1)


def test_without_a_value_there_is_an_axis():
    assert of((NAN, NAN, NAN), points=()) == (-1, 1)
