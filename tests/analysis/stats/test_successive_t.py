"""The transition between two looks, beside simulated data and the marginal distribution that it must keep."""

import numpy as np
import pytest
from scipy import stats

from ablate.analysis.stats.successive_t import EDGES, survival, t_of_z, z_of_t

SIZES = [(2, 1), (2, 2), (3, 2), (3, 17), (12, 8), (20, 10)]


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_t_has_students_distribution_at_the_next_look(n, m):
    mass = np.diff(stats.norm.cdf(EDGES))
    assert mass @ survival(n, m) == pytest.approx(stats.norm.sf(EDGES), abs=1e-5)


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_the_joint_distribution_of_two_looks_is_that_of_simulated_differences(n, m):
    """The probability that both t are high, and that one is high and one is low: within 3.5 standard errors."""
    d = np.random.default_rng(n).standard_normal((200_000, n + m))
    first, second = (stats.ttest_1samp(d[:, :k], 0, axis=1).statistic for k in (n, n + m))
    mass = np.diff(stats.norm.cdf(EDGES))
    for low, high in [(1.0, 1.5), (0.5, -0.5), (2.0, 2.0)]:
        start, end = (int(np.argmin(abs(EDGES - z))) for z in (low, high))
        probability = mass[start:] @ survival(n, m)[start:, end]
        share = np.mean((first > t_of_z(low, n)) & (second > t_of_z(high, n + m)))
        assert share == pytest.approx(probability, abs=3.5 * np.sqrt(probability / len(d)))


@pytest.mark.parametrize("n", [2, 3, 20])
def test_normal_quantiles_of_t(n):
    t = np.array([-40.0, -2.0, 0.0, 1.0, 300.0])
    assert stats.norm.logsf(z_of_t(t, n)) == pytest.approx(stats.t.logsf(t, n - 1), rel=1e-9)
    assert t_of_z(z_of_t(t, n), n) == pytest.approx(t, rel=1e-6)
    assert t_of_z(np.array([np.inf, -np.inf]), n).tolist() == [np.inf, -np.inf]
    assert np.isnan(z_of_t(np.array([np.nan]), n)).all()
