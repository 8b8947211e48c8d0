"""What the intervals and p-values promise, held against many simulated studies."""

import gc

import numpy as np
import pytest

from ablate.analysis.stats import holm, paired_difference


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 5, 10])
def test_intervals_cover_the_truth_95_times_in_100(n):
    rng = np.random.default_rng(n)
    baseline, effect = rng.normal(0.7, 0.02, (20_000, n)), rng.normal(0.01, 0.005, (20_000, n))
    found = (paired_difference(b + e, b) for b, e in zip(baseline, effect, strict=True))
    assert 0.94 <= np.mean([interval.low <= 0.01 <= interval.high for interval in found]) <= 0.96


@pytest.mark.slow
def test_seven_comparisons_with_one_baseline_err_at_most_five_times_in_100():
    rng = np.random.default_rng(0)
    studies = rng.normal(0.7, 0.02, (5_000, 8, 5))  # nothing changes anything
    raw = [[paired_difference(variant, study[0]).p for variant in study[1:]] for study in studies]
    gc.freeze()  # statsmodels collects garbage at each call: what is there by now is then not gone through
    # What is not below 0.05 before the correction is not after it.
    false = [min(p) < 0.05 and min(holm(p)) < 0.05 for p in raw]
    gc.unfreeze()
    assert 0.01 < np.mean(false) <= 0.055
