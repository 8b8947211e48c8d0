import math

import numpy as np
import pytest
from scipy.stats import fisher_exact
from statsmodels.stats.multitest import multipletests

from ablate.analysis.stats import fisher_exact_family, holm, mean_correlation, selection_bias


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


def test_holm_is_statsmodels():
    p = np.random.default_rng(0).uniform(0, 0.1, 30)
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_a_planned_comparison_that_cannot_be_tested_counts_as_p_1():
    """Of 4 planned, 2 tested: the factors are 4 and 3, as with two more p-values of 1."""
    np.testing.assert_allclose(holm([0.02, math.nan, 0.01], m=4), [0.06, math.nan, 0.04], rtol=1e-12)
    np.testing.assert_allclose(holm([0.02, 0.01], m=4), holm([0.02, 0.01, 1.0, 1.0])[:2], rtol=1e-12)
    with pytest.raises(ValueError, match="family of 1"):
        holm([0.02, 0.01], m=1)


@pytest.mark.parametrize("counts", [(5, 5, 0, 5), (1, 3, 0, 4), (4, 7, 2, 9), (0, 5, 0, 5), (0, 0, 1, 5)])
def test_fisher_is_scipys(counts):
    k, n, base_k, base_n = counts
    p, adjusted = fisher_exact_family([counts])
    assert p[0] == adjusted[0] == pytest.approx(fisher_exact([[k, n - k], [base_k, base_n - base_k]])[1])


def test_comparisons_without_failures_do_not_dilute_the_others():
    """5/5 against 0/5 has p = 2 / C(10, 5) = 2/252; one variant in nineteen that never fails is not penalized."""
    p, adjusted = fisher_exact_family([(5, 5, 0, 5), *[(0, 5, 0, 5)] * 19])
    assert p[0] == adjusted[0] == pytest.approx(2 / 252) and adjusted[1:].tolist() == [1.0] * 19
    assert fisher_exact_family([(5, 5, 0, 5)] * 3)[1] == pytest.approx([6 / 252] * 3)


def test_the_rates_of_divergence_err_at_most_five_times_in_a_hundred():
    """Seven variants and the baseline diverge half of the time: how often is any called different?"""
    k = np.random.default_rng(0).binomial(5, 0.5, (2000, 8))
    wrong = [fisher_exact_family([(failures, 5, row[0], 5) for failures in row[1:]])[1].min() < 0.05 for row in k]
    assert np.mean(wrong) <= 0.05


@pytest.mark.parametrize(("k", "errors"), [(1, 0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi))])
def test_selection_bias_in_closed_form(k, errors):
    assert selection_bias(k) == pytest.approx(errors, abs=1e-9)


# Harter (1961), expected values of normal order statistics.
@pytest.mark.parametrize(("k", "errors"), [(4, 1.02938), (8, 1.42360), (16, 1.76599), (48, 2.23312), (100, 2.50759)])
def test_selection_bias_of_a_table(k, errors):
    assert selection_bias(k) == pytest.approx(errors, abs=2e-5)


def test_results_of_the_same_seeds_are_less_biased():
    """Of four normals that correlate by .5, sqrt(1 - .5) of 1.029: .73; and simulated."""
    assert selection_bias(4, 0.5) == pytest.approx(0.73, abs=0.005)
    rng = np.random.default_rng(0)
    means = np.sqrt(0.5) * rng.normal(size=(200_000, 1)) + np.sqrt(0.5) * rng.normal(size=(200_000, 4))
    assert means.max(axis=1).mean() == pytest.approx(selection_bias(4, 0.5), abs=0.01)


def test_the_correlation_of_variants():
    rng = np.random.default_rng(0)
    values = np.sqrt(0.3) * rng.normal(size=4000) + np.sqrt(0.7) * rng.normal(size=(4, 4000))
    assert mean_correlation(values) == pytest.approx(0.3, abs=0.02)
    assert mean_correlation([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]) == pytest.approx(1)
    assert mean_correlation([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]) == 0  # a negative one is none
    for unknown in ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0, 3.0]], [[1.0] * 3, [2.0] * 3]):
        assert math.isnan(mean_correlation(unknown))
