import math

import numpy as np
import pytest
from scipy.stats import nct, t

from analysis.stats import minimum_detectable_effect, seeds_needed


@pytest.mark.parametrize(
    ("n", "alone", "of_eight"), [(3, 3.26, 9.24), (5, 1.68, 2.98), (10, 1.00, 1.43), (20, 0.66, 0.89)]
)
def test_the_smallest_effect(n, alone, of_eight):
    assert minimum_detectable_effect(n) == pytest.approx(alone, abs=0.005)
    assert minimum_detectable_effect(n, comparisons=8) == pytest.approx(of_eight, abs=0.005)


def test_one_seed_detects_nothing():
    assert math.isnan(minimum_detectable_effect(1))


@pytest.mark.parametrize(("effect", "comparisons"), [(1.0, 1), (0.5, 1), (0.5, 7), (0.05, 3)])
def test_so_many_seeds_and_not_one_fewer(effect, comparisons):
    differences = [-1.0, 0.0, 1.0]  # SD 1
    found = seeds_needed(differences, effect, comparisons=comparisons)

    def power(n: int) -> float:
        critical = t.isf(0.025 / comparisons, n - 1)
        shift = effect * math.sqrt(n)
        return nct.sf(critical, n - 1, shift) + nct.cdf(-critical, n - 1, shift)

    assert power(found) >= 0.8 > power(found - 1)


@pytest.mark.parametrize("differences", [[], [0.3], [0.3, 0.3]])
def test_without_a_spread_no_number_of_seeds_is_known(differences):
    assert seeds_needed(differences, 0.1) is None


def test_a_difference_that_is_not_cared_about_needs_none():
    assert seeds_needed(np.array([0.1, 0.2]), 0.0) is None
