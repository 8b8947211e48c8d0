"""Known answers: R's `sleep` data (Student 1908), other libraries, and closed forms."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from ablate.analysis.stats import EXACT, paired_difference, sign_flip_p, small_sample_factor

SLEEP_A = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_B = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_sleep():
    result = paired_difference(SLEEP_A, SLEEP_B)
    assert (result.n, result.df, result.wins) == (10, 9, 0)
    assert result.mean == pytest.approx(-1.58, abs=1e-12)
    assert result.t == pytest.approx(-4.0621, abs=5e-5)
    assert result.p == pytest.approx(0.002833, abs=5e-7)
    assert result.low == pytest.approx(-2.4598858, abs=5e-8)
    assert result.high == pytest.approx(-0.7001142, abs=5e-8)
    assert result.g_z == pytest.approx(-1.17392, abs=5e-6)


def test_three_pairs_by_hand():
    """Differences 1, 2, 3: mean 2, sd 1, t = 2 sqrt 3; with 2 df, p = 1 - t / sqrt(t^2 + 2) and t(.975) = 4.302653."""
    result = paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (result.n, result.df, result.wins) == (3, 2, 3)
    assert (result.mean, result.sd, result.t) == pytest.approx((2, 1, 2 * math.sqrt(3)))
    assert result.p == pytest.approx(1 - math.sqrt(12 / 14))
    assert (result.low, result.high) == pytest.approx(
        (2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)), abs=1e-6
    )
    assert result.g_z == pytest.approx(2 / math.sqrt(math.pi))  # J(2) = Gamma(1) / Gamma(1/2)


def test_a_wider_confidence_gives_a_wider_interval():
    narrow, wide = (paired_difference(SLEEP_A, SLEEP_B, confidence) for confidence in (0.9, 0.99))
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high


@pytest.mark.parametrize(
    ("variant", "baseline", "n", "mean", "sd", "wins"),
    [
        ([], [], 0, math.nan, math.nan, 0),
        ([0.9], [0.8], 1, 0.1, math.nan, 1),
        ([0.5, 0.5], [0.5, 0.5], 2, 0.0, 0.0, 0),
        ([0.9, 0.8, 0.7], [0.8, 0.7, 0.6], 3, 0.1, 0.0, 3),  # equal but for rounding
    ],
)
def test_what_cannot_be_tested_is_not_a_number(variant, baseline, n, mean, sd, wins):
    result = paired_difference(variant, baseline)
    assert (result.n, result.wins) == (n, wins)
    assert (result.mean, result.sd) == pytest.approx((mean, sd), nan_ok=True)
    assert all(math.isnan(value) for value in (result.t, result.p, result.low, result.high, result.g_z))


def test_two_pairs_are_tested_but_have_no_unbiased_size():
    """Differences 1 and 3: t = 2 with 1 df (Cauchy), so p = 1 - 2 atan(2) / pi."""
    result = paired_difference([2.0, 4.0], [1.0, 1.0])
    assert result.p == pytest.approx(1 - 2 * math.atan(2) / math.pi)
    assert math.isnan(result.g_z)


def test_arrays_must_pair():
    with pytest.raises(ValueError, match="pairs"):
        paired_difference([1.0, 2.0], [1.0])


def test_small_sample_factor():
    """J(2) = Gamma(1) / Gamma(1/2) = 1 / sqrt pi, J(4) = Gamma(2) / (sqrt 2 Gamma(3/2)) = sqrt(2 / pi)."""
    assert small_sample_factor(2) == pytest.approx(1 / math.sqrt(math.pi), rel=1e-12)
    assert small_sample_factor(4) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-12)
    assert small_sample_factor(1000) == pytest.approx(1 - 3 / (4 * 1000 - 1), abs=1e-6)  # Hedges' approximation
    assert small_sample_factor(10**7) == pytest.approx(1, abs=1e-6)
    assert math.isnan(small_sample_factor(1))


def test_sleep_without_assuming_a_distribution():
    # Nine differences of one sign and one of zero: 4 of the 1024 sign patterns are as far from zero.
    assert sign_flip_p(np.subtract(SLEEP_A, SLEEP_B)) == pytest.approx(4 / 1024, rel=1e-12)


def test_sign_flips_need_six_pairs_and_are_the_same_each_time():
    assert math.isnan(sign_flip_p([1.0] * 5))
    assert math.isnan(sign_flip_p([1.0] * 6 + [math.nan])) and math.isnan(sign_flip_p([1.0] * 6 + [math.inf]))
    assert sign_flip_p([1.0] * 6) == pytest.approx(2 / 64)
    many = np.random.default_rng(0).normal(0.3, 1, 40)
    assert sign_flip_p(many) == sign_flip_p(many)
    assert sign_flip_p(many) == pytest.approx(ttest_1samp(many, 0).pvalue, abs=0.01)


@pytest.mark.parametrize(("n", "digits"), [(16, 1e-12), (17, 0.005)])
def test_sign_flips_are_exact_up_to_sixteen(n, digits):
    """All differences 1 but one -1: as extreme are 2 (n + 1) of the 2^n combinations of signs."""
    p = sign_flip_p([1.0] * (n - 1) + [-1.0])
    assert p == pytest.approx(2 * (n + 1) / 2**n, abs=digits)
    assert (p == 2 * (n + 1) / 2**n) == (n <= EXACT)
