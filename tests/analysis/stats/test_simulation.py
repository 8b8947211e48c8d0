"""Coverage of the intervals in many simulated studies; error rates of verdicts are in ../test_error_rates.py."""

import numpy as np
import pytest

from ablate.analysis.stats import paired_difference


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 5, 10])
def test_intervals_cover_the_truth_95_times_in_100(n):
    rng = np.random.default_rng(n)
    baseline, effect = rng.normal(0.7, 0.02, (20_000, n)), rng.normal(0.01, 0.005, (20_000, n))
    result = (paired_difference(b + e, b) for b, e in zip(baseline, effect, strict=True))
    assert 0.94 <= np.mean([interval.low <= 0.01 <= interval.high for interval in result]) <= 0.96
