"""Clopper and Pearson's interval, against scipy."""

import pytest
from scipy.stats import binomtest

from ablate.analysis.stats import proportion_interval, win_probability


def test_wins_of_pairs():
    result = win_probability([2, 2, 2, 1, 0], [1, 1, 1, 1, 1])  # three wins, a tie, a loss
    assert result.probability == pytest.approx(0.7)
    assert result.low < 0.7 < result.high


@pytest.mark.parametrize(("wins", "n"), [(0, 5), (1, 5), (3, 5), (4, 5), (5, 5), (7, 20)])
def test_its_interval_is_clopper_and_pearsons(wins, n):
    expected = binomtest(wins, n).proportion_ci(0.95, "exact")
    result = win_probability([1.0] * wins + [0.0] * (n - wins), [0.5] * n)
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high))
    assert proportion_interval(wins, n) == (result.low, result.high)
