import math

import numpy as np
import pytest
from scipy.stats import t

from ablate.analysis.stats import crossed_interval, paired_difference


def test_a_table_by_hand():
    """D = [[1, 0, 1], [0, 0, 0]]: seed means 2/3 and 0, image means 1/2, 0, 1/2, mean 1/3.

    s2_seed = 2/9, s2_image = 1/12, residuals +-(1/6, -1/3, 1/6), their mean square 1/6 with 2 df.
    """
    result = crossed_interval([[True, False, True], [False, False, False]], np.zeros((2, 3), bool))
    variance = 1 / 9 + 1 / 36 - 1 / 36
    df = variance**2 / ((1 / 9) ** 2 / 1 + (1 / 36) ** 2 / 2 + (1 / 36) ** 2 / 2)
    assert result.mean == pytest.approx(1 / 3) and result.df == pytest.approx(df)
    assert df == pytest.approx(16 / 17)
    assert result.high - result.mean == pytest.approx(t.ppf(0.975, 16 / 17) / 3)  # V = 1/9
    assert result.high - result.mean == pytest.approx(result.mean - result.low)


def test_the_variance_is_at_least_that_of_the_images():
    """D = [[3, 0], [1, 2]]: seed means are equal, image means 2 and 1 with variance 1/2, the residuals' is 4.

    V = 0 + 1/4 - 1 would be negative: it is 1/4, of df V^2 / (0 + 1/16 + 1).
    """
    assert crossed_interval([[3, 0], [1, 2]], np.zeros((2, 2))).df == pytest.approx(1 / 17)


def test_it_covers_other_seeds_and_other_images():
    """The true difference is 0.1, seeds and images are random: of 95 % intervals, 95 % hold it."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        image, seed = rng.normal(0, 0.3, 200), rng.normal(0, 0.03, (5, 1))
        result = crossed_interval(0.1 + image + seed + rng.normal(0, 0.3, (5, 200)), np.zeros((5, 200)))
        covered += result.low <= 0.1 <= result.high
    assert 0.93 <= covered / 1000 <= 0.995  # at most n - 1 degrees of freedom: a little wide


@pytest.mark.parametrize("shape", [(1, 10), (3, 1), (3, 10), (0, 10)])
def test_without_two_seeds_two_images_and_a_spread_there_is_no_interval(shape):
    result = crossed_interval(np.ones(shape, bool), np.zeros(shape, bool))
    assert math.isnan(result.low) and math.isnan(result.df)


def test_seeds_by_images_are_needed():
    with pytest.raises(ValueError, match="seeds, images"):
        crossed_interval([True], [False])


@pytest.mark.parametrize("seed_sd", [0.0, 0.003, 0.03, 0.3])
def test_it_is_never_narrower_than_the_interval_over_seeds(seed_sd):
    rng = np.random.default_rng(0)
    for n, images in ((2, 5), (3, 50), (5, 400)):
        difference = rng.normal(0, seed_sd, (n, 1)) + rng.normal(0, 0.1, images) + rng.normal(0, 0.3, (n, images))
        both = crossed_interval(difference, np.zeros((n, images)))
        seeds = paired_difference(difference.mean(axis=1), np.zeros(n))
        assert both.df <= n - 1
        assert both.high - both.low >= (seeds.high - seeds.low) * (1 - 1e-9)
