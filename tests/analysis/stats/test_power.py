import math

import numpy as np
import pytest
from scipy.stats import chi2, nct, t
from statsmodels.stats.power import TTestPower

from ablate.analysis.stats import minimum_detectable_effect, paired_power, sd_upper_limit, seeds_needed


@pytest.mark.parametrize(
    ("n", "alone", "of_eight"), [(3, 3.26, 9.26), (5, 1.68, 2.98), (10, 1.00, 1.43), (20, 0.66, 0.89)]
)
def test_the_smallest_effect(n, alone, of_eight):
    assert minimum_detectable_effect(n) == pytest.approx(alone, abs=0.005)
    assert minimum_detectable_effect(n, comparisons=8) == pytest.approx(of_eight, abs=0.005)


def test_one_seed_detects_nothing():
    assert math.isnan(minimum_detectable_effect(1))


@pytest.mark.parametrize(("effect", "comparisons"), [(1.0, 1), (0.5, 1), (0.5, 7), (0.05, 3)])
def test_so_many_seeds_and_not_one_fewer(effect, comparisons):
    differences = [-1.0, 0.0, 1.0]  # SD 1
    sd = math.sqrt(2 / chi2.ppf(0.2, 2))  # its upper 80 % limit
    result = seeds_needed(differences, effect * sd, comparisons=comparisons)

    def power(n: int) -> float:
        critical = t.isf(0.025 / comparisons, n - 1)
        shift = effect * math.sqrt(n)
        return nct.sf(critical, n - 1, shift) + nct.cdf(-critical, n - 1, shift)

    assert power(result) >= 0.8 > power(result - 1)


@pytest.mark.parametrize("differences", [[], [0.3], [0.3, 0.3]])
def test_without_a_spread_no_number_of_seeds_is_known(differences):
    assert seeds_needed(differences, 0.1) is None


def test_a_difference_that_is_not_cared_about_needs_none():
    assert seeds_needed(np.array([0.1, 0.2]), 0.0) is None


@pytest.mark.parametrize("comparisons", [1, 8, 20, 100, 999, 100_000])
@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_the_effect_is_found_as_often_as_it_is_said(n, comparisons):
    """Simulated: the share of a million studies of that effect whose t is beyond the critical one."""
    effect = minimum_detectable_effect(n, comparisons=comparisons)
    rng, df = np.random.default_rng(0), n - 1
    drawn = (rng.standard_normal(10**6) + effect * math.sqrt(n)) / np.sqrt(rng.chisquare(df, 10**6) / df)
    critical = t.isf(0.05 / comparisons / 2, df)
    assert (np.abs(drawn) > critical).mean() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(("effect", "n", "alpha"), [(0.5, 20, 0.05), (1.0, 10, 0.01), (0.0, 7, 0.05), (-0.8, 12, 0.05)])
def test_power_is_that_of_statsmodels_where_it_is_exact(effect, n, alpha):
    assert paired_power(effect, n, alpha) == pytest.approx(TTestPower().power(effect, n, alpha), abs=1e-6)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_limit_of_the_sd_covers_four_in_five(n):
    sds = np.random.default_rng(0).normal(size=(50_000, n)).std(axis=1, ddof=1)
    assert (sds * sd_upper_limit(1.0, n) >= 1).mean() == pytest.approx(0.8, abs=0.01)


def test_seeds_planned_from_a_pilot_have_the_power_they_promise():
    """Pilots of five seeds, true SD 1: with their own SD, the mean power would be about .7; it must be .8."""
    pilots = np.random.default_rng(0).normal(size=(150, 5))
    power = [paired_power(1.0, seeds_needed(pilot, 1.0)) for pilot in pilots]
    assert 0.8 <= np.mean(power) <= 0.95
