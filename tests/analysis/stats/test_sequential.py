"""Boundaries beside published ones, and error rates of simulated data."""

import numpy as np
import pytest
from scipy import optimize, stats

from ablate.analysis.stats.sequential import Looks, crossing_probability
from ablate.analysis.stats.successive_t import z_of_t

SIZES = (3, 5, 8, 12, 20)


def looks(sizes, spending="pocock"):
    return Looks(tuple(sizes), tuple(size / sizes[-1] for size in sizes), spending)


@pytest.mark.parametrize(
    ("spending", "published"),
    [("obrien_fleming", [4.877, 3.357, 2.680, 2.290, 2.031]), ("pocock", [2.438, 2.427, 2.410, 2.397, 2.386])],
)
def test_lan_demets_boundaries_of_five_equal_steps(spending, published):
    """Two-sided 5 %, many differences (Lan & DeMets 1983; R: gsDesign, ldbounds), as normal quantiles."""
    sizes = np.arange(1, 6) * 100
    assert z_of_t(looks(sizes, spending).critical(0.05), sizes) == pytest.approx(published, abs=0.0025)


@pytest.mark.parametrize(("count", "published"), [(2, 2.178), (3, 2.289), (5, 2.413)])
def test_pococks_constants(count, published):
    """The same boundary at each look (Pocock 1977); for infinitely many differences, from 50 and 100 per step."""

    def constant(step):
        sizes = [step * k for k in range(1, count + 1)]
        return optimize.brentq(lambda c: crossing_probability(sizes, [c] * count)[-1] - 0.05, 2, 2.7)

    assert 2 * constant(100) - constant(50) == pytest.approx(published, abs=0.002)


@pytest.mark.parametrize("looked", [1, 2, 3, 5])
def test_uncorrected_looks(looked):
    """Armitage, McPherson & Rowe (1969), table 2: 5 % at each of some equal steps."""
    published = {1: 0.05, 2: 0.083, 3: 0.107, 5: 0.142}[looked]
    sizes = [100 * k for k in range(1, looked + 1)]
    assert crossing_probability(sizes, stats.t.ppf(0.975, np.array(sizes) - 1))[-1] == pytest.approx(
        published, abs=5e-4
    )


@pytest.mark.parametrize("n", [2, 5, 30])
@pytest.mark.parametrize("level", [0.05, 0.0025])
def test_one_look_is_the_t_test(n, level):
    one = looks([n])
    assert one.critical(level) == pytest.approx(stats.t.ppf(1 - level / 2, n - 1), rel=1e-9)
    assert one.critical(level, two_sided=False) == pytest.approx(stats.t.ppf(1 - level, n - 1), rel=1e-9)
    d = np.random.default_rng(n).normal(0.5, 1, (50, n))
    test = stats.ttest_1samp(d, 0, axis=1)
    assert one.p(test.statistic[:, None])[:, 0] == pytest.approx(test.pvalue, rel=1e-3)
    one_sided = stats.ttest_1samp(d, 0, axis=1, alternative="greater").pvalue
    assert one.p(test.statistic[:, None], two_sided=False)[:, 0] == pytest.approx(one_sided, rel=1e-3)


@pytest.mark.parametrize("sizes", [SIZES, (2, 3, 4, 5, 6), (2, 20)])
@pytest.mark.parametrize("two_sided", [True, False])
def test_the_level_is_spent_as_declared_in_simulated_data(sizes, two_sided):
    """By each look, and for a level of a twentieth: within 3.5 standard errors, 400,000 series of differences."""
    planned, n, rng = looks(sizes), np.array(sizes), np.random.default_rng(0)
    levels = (0.05, 0.0025)
    crossed = {level: np.zeros(len(sizes)) for level in levels}
    for _ in range(2):
        d = rng.standard_normal((200_000, sizes[-1]))
        total, squares = (np.cumsum(x, axis=1)[:, n - 1] for x in (d, d * d))
        t = total / np.sqrt(n * (squares - total**2 / n) / (n - 1))
        for level in levels:
            beyond = (abs(t) if two_sided else t) > planned.critical(level, two_sided)
            crossed[level] += np.maximum.accumulate(beyond, axis=1).sum(axis=0)
    for level in levels:
        spent = level * np.log1p((np.e - 1) * n / n[-1])
        assert crossed[level] / 400_000 == pytest.approx(spent, abs=3.5 * np.sqrt(spent[-1] / 400_000))
        assert abs(crossed[level] / 400_000 - spent).max() < 0.08 * spent[-1]


@pytest.mark.parametrize("spending", ["pocock", "obrien_fleming"])
@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("level", [0.4, 0.05, 0.0025, 1e-4])
def test_the_p_value_is_the_level_whose_boundary_is_reached(level, two_sided, spending):
    planned = looks(SIZES, spending)
    critical = planned.critical(level, two_sided)
    for look in np.flatnonzero(np.isfinite(critical)):
        t = np.where(np.arange(len(SIZES)) == look, critical, 0)
        p = planned.p(t, two_sided)
        assert p[look:] == pytest.approx(level, rel=2e-3) and (p[:look] > level).all()
        if two_sided:
            assert planned.p(-t).tolist() == p.tolist()
    assert crossing_probability(SIZES, critical, two_sided)[-1] == pytest.approx(level, rel=1e-6)


def test_no_claim_where_nothing_is_spent_and_no_p_without_t():
    planned = looks(SIZES, "obrien_fleming")
    assert planned.critical(0.0025)[0] == np.inf
    assert planned.p(np.array([np.nan, np.nan, 0.1, np.nan, np.nan])).tolist()[:2] == [1, 1]
    late = planned.p(np.array([np.nan, 30.0, np.nan, 0.0, np.nan]))
    assert late[0] == 1 and (late[1:] == late[1]).all() and late[1] < 0.05


def test_lost_seeds_leave_what_was_spent_and_the_last_look_spends_the_rest():
    """2 of 3, ... 17 of 20 differences: the level is exact; earlier boundaries do not depend on later looks."""
    sizes, shares = (2, 4, 8, 11, 17), (0.1, 0.2, 0.4, 0.55, 1.0)
    lost = Looks(sizes, shares)
    spent = 0.05 * np.log1p((np.e - 1) * np.array(shares))
    assert crossing_probability(sizes, lost.critical(0.05)) == pytest.approx(spent, rel=1e-6)
    for count in range(1, len(sizes)):
        assert Looks(sizes[:count], shares[:count]).critical(0.05) == pytest.approx(lost.critical(0.05)[:count])


@pytest.mark.parametrize("sizes", [(), (1, 5), (5, 5), (8, 5)])
def test_looks_that_do_not_rise_are_refused(sizes):
    with pytest.raises(ValueError, match="looks rise"):
        Looks(sizes, tuple(0.1 for _ in sizes))
