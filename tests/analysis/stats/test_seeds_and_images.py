import math

import numpy as np
import pytest
from statsmodels.stats import contingency_tables

from ablate.analysis.stats import crossed_interval, mcnemar


def test_a_table_by_hand():
    """D = [[1, 0, 1], [0, 0, 0]]: seed means 2/3 and 0, image means 1/2, 0, 1/2, mean 1/3.

    s2_seed = 2/9, s2_image = 1/12, residuals +-(1/6, -1/3, 1/6), their mean square 1/6 with 2 df.
    """
    found = crossed_interval([[True, False, True], [False, False, False]], np.zeros((2, 3), bool))
    variance = 1 / 9 + 1 / 36 - 1 / 36
    df = variance**2 / ((1 / 9) ** 2 / 1 + (1 / 36) ** 2 / 2 + (1 / 36) ** 2 / 2)
    assert found.mean == pytest.approx(1 / 3) and found.df == pytest.approx(df)
    assert df == pytest.approx(16 / 17)
    assert found.high - found.mean == pytest.approx(found.mean - found.low)


def test_it_covers_other_seeds_and_other_images():
    """The true difference is 0.1, seeds and images are random: of 95 % intervals, 95 % hold it."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        image, seed = rng.normal(0, 0.3, 200), rng.normal(0, 0.03, (5, 1))
        found = crossed_interval(0.1 + image + seed + rng.normal(0, 0.3, (5, 200)), np.zeros((5, 200)))
        covered += found.low <= 0.1 <= found.high
    assert 0.93 <= covered / 1000 <= 0.98  # Satterthwaite's approximation is a little wide


@pytest.mark.parametrize("shape", [(1, 10), (3, 1), (3, 10), (0, 10)])
def test_without_two_seeds_two_images_and_a_spread_there_is_no_interval(shape):
    found = crossed_interval(np.ones(shape, bool), np.zeros(shape, bool))
    assert math.isnan(found.low) and math.isnan(found.df)


def test_seeds_by_images_are_needed():
    with pytest.raises(ValueError, match="seeds, images"):
        crossed_interval([True], [False])


@pytest.mark.parametrize(("only_a", "only_b"), [(10, 2), (5, 5), (0, 7), (121, 59)])
def test_mcnemar_is_statsmodels(only_a, only_b):
    a = [True] * only_a + [False] * only_b + [True] * 20 + [False] * 5
    b = [False] * only_a + [True] * only_b + [True] * 20 + [False] * 5
    table = [[20, only_a], [only_b, 5]]
    found = mcnemar(a, b)
    exact = contingency_tables.mcnemar(table, exact=True)
    assert found.exact_p == pytest.approx(exact.pvalue)
    if only_a != only_b:  # statsmodels' correction then adds to the difference what it should take off
        corrected = contingency_tables.mcnemar(table, exact=False, correction=True)
        assert (found.statistic, found.p) == pytest.approx((corrected.statistic, corrected.pvalue))


def test_two_that_never_differ_cannot_be_tested():
    assert math.isnan(mcnemar([True, False], [True, False]).exact_p)
