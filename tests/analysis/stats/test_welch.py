"""Welch's t on R's `sleep` data, as if its groups were independent."""

import math

import pytest

from ablate.analysis.stats import welch_difference
from tests.analysis.stats.test_paired import SLEEP_A, SLEEP_B


def test_welch_is_scipys():
    """R: t.test(A, B): t = -1.8608, df = 17.776, p = 0.07939, interval [-3.3654832, 0.2054832]."""
    result = welch_difference(SLEEP_A, SLEEP_B)
    assert result.n == 10 and result.interval(0.95) == (result.low, result.high)
    assert (result.t, result.df, result.p) == pytest.approx((-1.8608, 17.776, 0.07939), rel=1e-4)
    assert (result.mean, result.low, result.high) == pytest.approx((-1.58, -3.3654832, 0.2054832), abs=1e-7)


@pytest.mark.parametrize(
    ("variant", "baseline"),
    [([1.0], [1.0, 2.0]), ([1.0, 1.0], [2.0, 2.0]), ([], [1.0]), ([700.3, 700.1 + 0.2], [5.0, 5.0])],
)
def test_welch_needs_two_runs_and_a_spread(variant, baseline):
    result = welch_difference(variant, baseline)
    assert all(math.isnan(value) for value in (result.t, result.df, result.p, result.low, result.high))


def test_two_runs_each():
    """Variances .5 and 2 over 2 runs: error sqrt(1.25), Welch-Satterthwaite df 1.25^2 / (.25^2 + 1^2)."""
    result = welch_difference([1.0, 2.0], [4.0, 6.0])
    assert (result.mean, result.error, result.t) == pytest.approx((-3.5, math.sqrt(1.25), -3.5 / math.sqrt(1.25)))
    assert result.df == pytest.approx(1.5625 / 1.0625)
