"""The number of seeds goes by the sample SD of the differences."""

import warnings

import pytest

from ablate.analysis.stats import seeds_needed


# Two-sided paired t at 5 % with 80 % power: d_z 0.5, 0.8 and 1 need 34, 15 and 10 pairs (G*Power 3.1, and Cohen 1988).
@pytest.mark.parametrize(("d_z", "pairs"), [(0.5, 34), (0.8, 15), (1.0, 10)])
def test_two_differences_have_the_sd_of_a_sample(d_z, pairs):
    # Their sample SD is sqrt(2), not 1; its upper 80 % limit divides by the root of chi-squared's 20 % quantile, 1 df.
    assert seeds_needed([0.0, 2.0], d_z * (2 / 0.0641848) ** 0.5) == pairs


@pytest.mark.parametrize("differences", [[], [0.3]])
def test_the_sd_of_fewer_than_two_differences_is_not_computed(differences):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # NumPy warns of an SD without degrees of freedom, and returns NaN
        assert seeds_needed(differences, 0.1) is None
