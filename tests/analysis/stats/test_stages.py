"""Decisions after each look: by hand, beside the intervals, and their error rates in simulated studies."""

import numpy as np
import pytest
from scipy import stats

from ablate.analysis.stats import paired_difference
from ablate.analysis.stats.expected_runs import decide_simulated, simulated_differences
from ablate.analysis.stats.stages import StagePlan, decide, p_values, stages

LOOKS = (3, 5, 8, 12, 20)
MARGIN = 1.0


def moments(d, sizes):
    """Mean and standard error of the first differences, from scipy."""
    means, errors = zip(*((d[..., :n].mean(axis=-1), stats.sem(d[..., :n], axis=-1)) for n in sizes), strict=True)
    return np.stack(means, axis=-1), np.stack(errors, axis=-1)


def claims(plan, d, sizes):
    return p_values(plan, sizes, *moments(d, sizes))


def test_holm_over_two_looks_by_hand():
    """The first look decides one variant; its p-value stays, so that the second is tested alone at the second look."""
    nan = np.nan
    p = np.array([[0.02, 0.0001], [0.2, 0.04], [nan, nan]])
    made = decide(StagePlan((3, 5), 2), p, np.full((3, 2), nan))
    assert made.look.tolist() == [0, 1, 2]
    assert made.p[0].tolist() == [0.02, 0.02]
    assert made.p_holm[:2].tolist() == [[0.04, 0.04], [0.2, 0.04]]
    assert np.isnan(made.p_holm[2]).all()
    three = decide(StagePlan((3, 5), 3), p, np.full((3, 2), nan))  # 3 * .02 > .05: nothing at the first look
    assert three.look.tolist() == [1, 2, 2]
    assert three.p_holm[:2] == pytest.approx(np.array([[0.06, 0.0003], [0.4, 0.08]]))


def test_a_decided_variant_stays_decided_when_the_p_value_of_another_rises():
    """.02 is adjusted to .04 at the first look, after .01; at the second it would be .06 alone, before .9."""
    p = np.array([[0.01, 0.01], [0.02, 0.02], [0.9, 0.9]])
    made = decide(StagePlan((3, 5), 3), p, np.full((3, 2), np.nan), np.array([0, 0, 2]))
    assert made.p_holm[:2].tolist() == [[0.03, 0.03], [0.04, 0.04]]
    p[0] = [0.01, 0.9]
    made = decide(StagePlan((3, 5), 3), p, np.full((3, 2), np.nan), np.array([2, 0, 2]))
    assert made.p_holm[:2].tolist() == [[0.03, 1.0], [0.04, 0.04]]


@pytest.mark.parametrize(("later", "decided"), [(0.01, True), (-0.04, False)])
def test_what_an_early_look_showed_counts_as_long_as_the_sign_stays(later, decided):
    """p = .03 at the first look, too large for two variants; at the second look the other one is decided."""
    plan, d = StagePlan((3, 8), 2), np.array([1, 1.06, 0.94])
    clear = np.array([0, 0, 6, 5, 5.1, 4.9, 5, 5])
    t = plan.looks_of().critical(0.03)[0]
    d = 1 + (d - 1) * np.sqrt(3) / t / 0.06  # so that t is the critical value at .03
    d = np.append(d, (8 * later - 3) / 5 + np.array([-1, 1, -1, 1, 0]))
    looks = {"clear": clear, "early": d}
    shown = stages(plan, {name: [paired_difference(x[:n], np.zeros(n)) for n in (3, 8)] for name, x in looks.items()})
    assert [stage.decided for stage in shown["clear"]] == [False, True]
    assert shown["early"][0].p == pytest.approx(0.03, rel=1e-3) and not shown["early"][0].decided
    assert shown["early"][1].difference.mean == pytest.approx(later)
    assert shown["early"][1].decided == decided
    assert shown["early"][1].p == shown["early"][0].p if decided else shown["early"][1].p > 0.5


def test_no_equivalence_where_the_mean_has_left_the_margins():
    """Inside at the first look, p = .03; the later seeds are far outside."""
    plan = StagePlan((3, 8), 2, MARGIN)
    t = plan.looks_of().critical(0.03, two_sided=False)[0]
    d = np.append(np.array([0, 1, -1]) * np.sqrt(3) / t, [9, 9, 9, 9, 9])
    shown = stages(plan, {"variant": [paired_difference(d[:n], np.zeros(n)) for n in (3, 8)]})["variant"]
    assert [stage.p_equivalence for stage in shown] == [pytest.approx(0.03, rel=1e-3), 1]


def test_equivalence_decides_too_and_has_its_own_correction():
    p, same = np.array([[0.9, 0.9], [0.9, 0.9]]), np.array([[0.03, 0.03], [0.6, 0.02]])
    made = decide(StagePlan((3, 5), 2, MARGIN), p, same)
    assert made.look.tolist() == [1, 1]  # .06 at the first look; .04, .04 at the second
    assert made.p_equivalence_holm[:, 1].tolist() == [0.04, 0.04]
    assert made.p_holm[:, 1].tolist() == [1, 1]


@pytest.mark.parametrize("size", [0.3, 1.0, 2.0])
def test_a_claim_is_made_exactly_when_a_repeated_interval_so_far_allows_it(size):
    plan, rng = StagePlan(LOOKS, 1, MARGIN), np.random.default_rng(0)
    seen = set()
    for _ in range(40):
        d = rng.normal(rng.choice([0, 0.5, 1.5]), size, LOOKS[-1])
        shown = stages(plan, {"variant": [paired_difference(d[:n], np.zeros(n)) for n in LOOKS]})["variant"]
        for k, stage in enumerate(shown):
            so_far = shown[: k + 1]
            differs = any(not one.interval[0] <= 0 <= one.interval[1] for one in so_far)
            inside = any(one.equivalence[0] > -MARGIN and one.equivalence[1] < MARGIN for one in so_far)
            assert (stage.p < 0.05, stage.p_equivalence < 0.05) == (differs, inside)
            assert stage.decided == (differs or inside)
            assert stage.interval == pytest.approx(stage.simultaneous)  # one variant
            seen.add((differs, inside))
    assert len(seen) > 1


def test_a_decided_variant_keeps_its_estimate_and_the_undecided_continue():
    rng = np.random.default_rng(1)
    d = {"clear": rng.normal(9, 0.1, 20), "unclear": rng.normal(0, 9, 20)}
    looks = {name: [paired_difference(x[:n], np.zeros(n)) for n in LOOKS] for name, x in d.items()}
    shown = stages(StagePlan(LOOKS, 2, MARGIN), looks)
    assert [stage.decided for stage in shown["clear"]] == [True] * 5
    assert {stage.difference.n for stage in shown["clear"]} == {3}
    assert [stage.difference.n for stage in shown["unclear"]] == list(LOOKS) and not shown["unclear"][-1].decided
    assert shown == stages(StagePlan(LOOKS, 2, MARGIN), looks | {"clear": looks["clear"][:1]})
    clear = shown["clear"][0]
    assert clear.simultaneous[0] < clear.interval[0] < clear.equivalence[0] < clear.difference.mean
    first = stages(StagePlan(LOOKS, 2, MARGIN), {name: some[:2] for name, some in looks.items()})
    assert first == {name: some[:2] for name, some in shown.items()}  # later looks change no earlier one


def test_a_variant_stops_where_it_was_stopped():
    """Decided at the first look, but stopped at the third or not at all, as where its runs diverge."""
    d = np.random.default_rng(1).normal(9, 0.1, 20)
    looks = {"clear": [paired_difference(d[:n], np.zeros(n)) for n in LOOKS]}
    for stopped, sizes in (({"clear": 2}, [3, 5, 8, 8, 8]), ({}, list(LOOKS))):
        shown = stages(StagePlan(LOOKS, 1), looks, stopped)["clear"]
        assert [stage.difference.n for stage in shown] == sizes
        assert all(stage.decided for stage in shown)
    early = stages(StagePlan(LOOKS, 1), {"clear": [paired_difference(d[:3] % 1, np.zeros(3)), *looks["clear"][1:]]})
    late = stages(StagePlan(LOOKS, 1), {"clear": [paired_difference(d[:3] % 1, np.zeros(3))] * 5}, {"clear": 0})
    assert early["clear"][1].decided and not late["clear"][-1].decided


def test_p_values_of_all_studies_at_once_are_those_of_each_study():
    plan, d = (
        StagePlan(LOOKS, 3, MARGIN),
        simulated_differences([(0, 1), (1, 1), (3, 1)], 20, 5, np.random.default_rng(0)),
    )
    made = decide_simulated(plan, d)
    for study in range(5):
        names = {str(v): [paired_difference(d[study, v, :n], np.zeros(n)) for n in LOOKS] for v in range(3)}
        for v, shown in enumerate(stages(plan, names).values()):
            assert [stage.p_holm for stage in shown] == pytest.approx(made.p_holm[study, v])
            assert [stage.p_equivalence_holm for stage in shown] == pytest.approx(made.p_equivalence_holm[study, v])
            assert [stage.decided for stage in shown] == [k >= made.look[study, v] for k in range(5)]


def test_looks_without_results_and_equal_differences_claim_nothing():
    """One seed of three, then all equal, then clear; a variant whose seeds are all lost stays undecided."""
    plan, clear = StagePlan((3, 5, 8), 2, MARGIN), np.array([5, 5, 5, 5.1, 4.9, 5.05, 4.95])
    looks = [paired_difference(clear[:n], np.zeros(n)) for n in (1, 3, 7)]
    empty = [paired_difference([], [])] * 3
    shown = stages(plan, {"clear": looks, "lost": empty})
    assert [stage.decided for stage in shown["clear"]] == [False, False, True]
    assert np.isnan([stage.p for stage in shown["clear"][:2]]).all() and np.isnan(shown["clear"][0].interval).all()
    assert np.isnan([stage.p_holm for stage in shown["lost"]]).all() and not shown["lost"][-1].decided
    unspent = stats.t.ppf(1 - 0.05 * np.log1p((np.e - 1) * 3 / 8) / 2, 2)  # the first look's part goes to the second
    assert plan.looks_of([1, 3]).critical(0.05) == pytest.approx([unspent], rel=1e-6)


def test_a_look_without_new_seeds_changes_nothing():
    d = np.random.default_rng(3).normal(1, 1, 12)
    looks = [paired_difference(d[:n], np.zeros(n)) for n in (3, 3, 12)]
    shown = stages(StagePlan((3, 5, 12), 1, MARGIN), {"variant": looks})["variant"]
    assert shown[0] == shown[1] and shown[2].difference.n == 12


@pytest.mark.parametrize(
    ("plan", "sizes"), [(StagePlan((3, 5), 1), (3, 5, 8)), (StagePlan((3, 5), 1), (3, 6)), (StagePlan((3, 5), 1), (1,))]
)
def test_more_than_planned_is_refused(plan, sizes):
    with pytest.raises(ValueError, match="planned|rise"):
        plan.looks_of(sizes)


@pytest.mark.parametrize("spread", [0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("sizes", [LOOKS, (2, 4, 8, 11, 17)], ids=["planned", "lost seeds"])
@pytest.mark.parametrize("sign", [1, -1])
def test_equivalence_is_claimed_of_a_difference_of_the_margin_at_most_at_the_level(spread, sizes, sign):
    """20,000 studies, no look omitted: within three standard errors; where the SD is small, exactly at the level."""
    d = sign * MARGIN + spread * np.random.default_rng(0).standard_normal((20_000, 20))
    same = claims(StagePlan(LOOKS, 1, MARGIN), d, sizes)[1].min(axis=1)
    for level in (0.05, 0.0025):
        error = 3 * np.sqrt(level / 20_000)
        assert np.mean(same < level) < level + error
        assert spread > 0.3 or np.mean(same < level) > level - error


@pytest.mark.parametrize("sizes", [LOOKS, (2, 4, 8, 11, 17)], ids=["planned", "lost seeds"])
def test_a_difference_is_claimed_of_equals_at_the_level(sizes):
    d = np.random.default_rng(0).standard_normal((40_000, 20))
    p = claims(StagePlan(LOOKS, 1), d, sizes)[0].min(axis=1)
    for level in (0.5, 0.05, 0.0025):
        assert np.mean(p < level) == pytest.approx(level, abs=3 * np.sqrt(level / 40_000))


@pytest.mark.parametrize("spending", ["pocock", "obrien_fleming"])
def test_the_family_of_variants_has_the_error_rate(spending):
    """Four of seven variants equal the baseline or differ by the margin, three are clearly better: 6,000 studies."""
    plan = StagePlan(LOOKS, 7, MARGIN, spending=spending)
    for truth, attribute in ((0.0, "p_holm"), (MARGIN, "p_equivalence_holm")):
        effects = [(truth, 1.0)] * 4 + [(5.0, 1.0)] * 3
        made = decide_simulated(plan, simulated_differences(effects, 20, 6000, np.random.default_rng(0)))
        wrong = (getattr(made, attribute)[:, :4, -1] < 0.05).any(axis=1).mean()
        assert 0.015 < wrong < 0.05 + 3 * np.sqrt(0.05 / 6000)
        assert (made.look[:, 4:] < 4).mean() > 0.95
