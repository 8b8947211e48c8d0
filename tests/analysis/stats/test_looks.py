"""Error rates of repeated looks, beside published ones and the exact rate of one look."""

import pytest

from ablate.analysis.stats import false_claims_over_looks


@pytest.mark.parametrize(("looks", "rate"), [(1, 0.05), (2, 0.083), (3, 0.107), (5, 0.142)])
def test_the_rates_of_armitage_and_others(looks, rate):
    """Armitage, McPherson and Rowe (1969), table 2: normal data, equal steps, 5 % each."""
    assert false_claims_over_looks(tuple(100 * k for k in range(1, looks + 1)), 1) == pytest.approx(rate, abs=0.01)


def test_one_look_at_few_seeds_has_the_level():
    assert false_claims_over_looks((5,), 1) == pytest.approx(0.05, abs=0.003)
    assert 0.03 < false_claims_over_looks((5,), 7) <= 0.053


@pytest.mark.parametrize(("variants", "low", "high"), [(1, 0.085, 0.115), (7, 0.075, 0.11)])
def test_three_looks_nearly_double_the_false_claims(variants, low, high):
    assert low <= false_claims_over_looks((5, 8, 12), variants) <= high
