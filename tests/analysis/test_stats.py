"""Known answers: R's `sleep` data (Student 1908), Holm's procedure, and closed forms."""

import math

import numpy as np
import pytest

from analysis.stats import holm, paired_difference, small_sample_factor

SLEEP_A = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_B = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_sleep():
    found = paired_difference(SLEEP_A, SLEEP_B)
    assert (found.n, found.df, found.wins) == (10, 9, 0)
    assert found.mean == pytest.approx(-1.58, abs=1e-12)
    assert found.t == pytest.approx(-4.0621, abs=5e-5)
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert found.low == pytest.approx(-2.4598858, abs=5e-8)
    assert found.high == pytest.approx(-0.7001142, abs=5e-8)
    assert found.g_z == pytest.approx(-1.17392, abs=5e-6)


def test_three_pairs_by_hand():
    """Differences 1, 2, 3: mean 2, sd 1, t = 2 sqrt 3; with 2 df, p = 1 - t / sqrt(t^2 + 2) and t(.975) = 4.302653."""
    found = paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (found.n, found.df, found.wins) == (3, 2, 3)
    assert (found.mean, found.sd, found.t) == pytest.approx((2, 1, 2 * math.sqrt(3)))
    assert found.p == pytest.approx(1 - math.sqrt(12 / 14))
    assert (found.low, found.high) == pytest.approx(
        (2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)), abs=1e-6
    )
    assert found.g_z == pytest.approx(2 / math.sqrt(math.pi))  # J(2) = Gamma(1) / Gamma(1/2)


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
    found = paired_difference(variant, baseline)
    assert (found.n, found.wins) == (n, wins)
    assert (found.mean, found.sd) == pytest.approx((mean, sd), nan_ok=True)
    assert all(math.isnan(value) for value in (found.t, found.p, found.low, found.high, found.g_z))


def test_two_pairs_are_tested_but_have_no_unbiased_size():
    """Differences 1 and 3: t = 2 with 1 df (Cauchy), so p = 1 - 2 atan(2) / pi."""
    found = paired_difference([2.0, 4.0], [1.0, 1.0])
    assert found.p == pytest.approx(1 - 2 * math.atan(2) / math.pi)
    assert math.isnan(found.g_z)


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


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        (
            [0.001, 0.002, 0.003, 0.004, 0.005, 0.05, 0.06, 0.07, 0.08, 0.09],
            [0.01, 0.018, 0.024, 0.028, 0.03, 0.25, 0.25, 0.25, 0.25, 0.25],
        ),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.01, math.nan, 0.04, 0.03, math.nan, 0.005], [0.03, math.nan, 0.06, 0.06, math.nan, 0.02]),
        ([math.nan], [math.nan]),
        ([], []),
        ([0.7, 0.9], [1.0, 1.0]),
    ],
)
def test_holm(p, adjusted):
    np.testing.assert_allclose(holm(p), adjusted, rtol=1e-12)


def test_holm_leaves_its_input_alone():
    p = np.array([0.01, 0.04])
    holm(p)
    assert p.tolist() == [0.01, 0.04]
