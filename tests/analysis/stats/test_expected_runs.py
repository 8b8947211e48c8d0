"""Expected runs of studies of which they are known, and the reference study."""

import pytest

from ablate.analysis.stats import StagePlan, expected_runs

LOOKS = (3, 5, 8, 12, 20)
# Mean and SD of the differences of nine variants, percentage points.
REFERENCE = [
    (-3.83, 0.19), (-1.92, 0.53), (-6.13, 1.33), (-0.85, 0.475), (-0.43, 0.6),
    (-17.4, 1.12), (-0.68, 0.6), (-0.62, 0.45), (-1.72, 0.16),
]  # fmt: skip


def test_clear_differences_need_the_first_look_only():
    expected = expected_runs(StagePlan(LOOKS, 2), [(100, 0.01), (-100, 0.01)], studies=100)
    assert (expected.runs, expected.low, expected.high, expected.fixed) == (9, 9, 9, 60)
    assert expected.seeds.tolist() == [3, 3] and expected.decided.tolist() == [1, 1]


def test_without_a_difference_and_a_margin_nearly_all_runs_are_needed():
    expected = expected_runs(StagePlan(LOOKS, 1), [(0, 1)])
    assert expected.decided == pytest.approx(0.05, abs=3 * 0.0049)
    assert 0.96 * 40 < expected.runs < 40 and expected.high == 40


def test_one_undecided_variant_keeps_the_baseline():
    expected = expected_runs(StagePlan(LOOKS, 2), [(100, 0.01), (0, 1)], studies=400)
    assert expected.seeds[0] == 3 and expected.runs == pytest.approx(3 + 2 * expected.seeds[1])


def test_the_reference_study_is_decided_with_less_than_half_of_the_runs():
    expected = expected_runs(StagePlan(LOOKS, 9, margin=1.0), REFERENCE)
    assert expected.runs < 0.5 * expected.fixed and expected.fixed == 200
    assert expected.decided.mean() > 0.95


def test_runs_are_the_same_every_time_and_fewer_variants_than_planned_are_allowed():
    plan = StagePlan(LOOKS, 9, margin=1.0)
    one, other = (expected_runs(plan, REFERENCE[:2], studies=200) for _ in range(2))
    assert one.runs == other.runs and one.fixed == 60
