"""Two one-sided tests on R's `sleep` data, against statsmodels."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from statsmodels.stats.weightstats import ttost_paired

from ablate.analysis.stats import equivalence, equivalence_of, paired_difference
from tests.analysis.stats.test_paired import SLEEP_A, SLEEP_B


@pytest.mark.parametrize("margin", [0.5, 1.0, 2.0, 3.0])
def test_equivalence_is_statsmodels(margin):
    expected = ttost_paired(np.array(SLEEP_A), np.array(SLEEP_B), -margin, margin)[0]
    result = equivalence(SLEEP_A, SLEEP_B, margin)
    assert result.p == pytest.approx(expected, rel=1e-9)
    assert equivalence_of(paired_difference(SLEEP_A, SLEEP_B), margin) == result
    interval = ttest_1samp(np.subtract(SLEEP_A, SLEEP_B), 0).confidence_interval(0.9)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high))
    assert (result.p < 0.05) == (-margin < result.low and result.high < margin)  # the 90 % interval says the same


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5]])
def test_equivalence_needs_a_spread(values):
    assert math.isnan(equivalence(values, values, 0.1).p)


def test_a_margin_is_positive():
    with pytest.raises(ValueError, match="must be positive"):
        equivalence(SLEEP_A, SLEEP_B, 0.0)


def test_two_pairs():
    """Differences 1 and 3: mean 2, error 1; with 1 df (Cauchy), p = 1/2 + atan(2 - margin) / pi."""
    result = equivalence([2.0, 4.0], [1.0, 1.0], 3.0)
    assert result.p == pytest.approx(0.25)
