"""Ranks over data sets: the example of Demsar (2006), scipy, and what cannot be ranked."""

import numpy as np
import pytest
from scipy.stats import friedmanchisquare, wilcoxon

from ablate.analysis.stats.ranks import cliques, critical_difference, friedman, wilcoxon_holm

# AUC of C4.5, with m, with cf, with both on 14 data sets (Demsar 2006, table 6).
DEMSAR = np.loadtxt(
    """.763 .768 .771 .798
    .599 .591 .590 .569
    .954 .971 .968 .967
    .628 .661 .654 .657
    .882 .888 .886 .898
    .936 .931 .916 .931
    .661 .668 .609 .685
    .583 .583 .563 .625
    .775 .838 .866 .875
    1. 1. 1. 1.
    .940 .962 .965 .962
    .619 .666 .614 .669
    .972 .981 .9751 .975
    .957 .978 .946 .970""".splitlines()
)


def test_the_example_of_demsar():
    result = friedman(DEMSAR)
    assert result.ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    # Demsar's 9.28 and 3.69 ignore the ties in the ranks.
    n, k = DEMSAR.shape
    uncorrected = 12 * n / (k * (k + 1)) * (float((result.ranks**2).sum()) - k * (k + 1) ** 2 / 4)
    assert uncorrected == pytest.approx(9.28, abs=0.005)
    assert (n - 1) * uncorrected / (n * (k - 1) - uncorrected) == pytest.approx(3.69, abs=0.005)


def test_the_statistic_is_that_of_scipy_also_with_ties():
    assert friedman(DEMSAR).chi_squared == pytest.approx(friedmanchisquare(*DEMSAR.T).statistic)
    rng = np.random.default_rng(0)
    values = rng.integers(4, size=(9, 5)).astype(float)
    assert friedman(values).chi_squared == pytest.approx(friedmanchisquare(*values.T).statistic)


def test_the_f_form_is_less_conservative_and_holds_its_level():
    rng = np.random.default_rng(1)
    p = np.array([friedman(rng.standard_normal((8, 5))).p for _ in range(2000)])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.015)


def test_a_perfect_order_is_certain():
    result = friedman(np.tile([3.0, 2.0, 1.0], (6, 1)))
    assert result.ranks.tolist() == [1, 2, 3]
    assert result.p == 0


@pytest.mark.parametrize("values", [np.ones((6, 3)), np.ones((1, 3)), np.arange(6.0)[:, None]])
def test_what_cannot_be_tested_is_nan(values):
    assert np.isnan(friedman(values).p)


def test_a_missing_value_is_refused():
    with pytest.raises(ValueError, match="every data set"):
        friedman([[1.0, np.nan], [1.0, 2.0]])


def test_groups_join_what_differs_by_less_than_the_critical_difference():
    # The best and the worst of Demsar's four differ by 3.143 - 1.964 = 1.18, less than 1.25.
    assert cliques([3.143, 2.0, 2.893, 1.964], 1.25) == [[3, 1, 2, 0]]
    assert cliques([1.0, 1.5, 2.4, 4.0], 1.0) == [[0, 1], [1, 2]]
    assert cliques([1.0, 3.0], 1.0) == []


def test_wilcoxon_against_the_baseline_with_holm():
    rng = np.random.default_rng(2)
    values = rng.standard_normal((10, 3)) + np.arange(3)
    baseline = rng.standard_normal(10)
    raw = np.array([wilcoxon(values[:, i] - baseline).pvalue for i in range(3)])
    order = np.argsort(raw)
    expected = np.empty(3)
    expected[order] = np.minimum(np.maximum.accumulate(raw[order] * [3, 2, 1]), 1)
    assert wilcoxon_holm(values, baseline) == pytest.approx(expected)
    assert np.isnan(wilcoxon_holm(np.tile(baseline[:, None], 2), baseline)).all()
