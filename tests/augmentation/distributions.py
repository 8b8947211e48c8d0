"""Whether two samples have the same distribution."""

import numpy as np


def assert_same_distribution(first: np.ndarray, second: np.ndarray) -> None:
    """Compare each column of two samples (n, k) of integers: Kolmogorov-Smirnov, two-sided, p below about 1e-4."""
    assert first.shape == second.shape and len(first) > 100
    grid = np.arange(min(first.min(), second.min()), max(first.max(), second.max()) + 1)
    for one, other in zip(first.T, second.T, strict=True):
        gaps = [np.searchsorted(np.sort(column), grid, "right") / len(first) for column in (one, other)]
        assert np.abs(gaps[0] - gaps[1]).max() < 2.2 * np.sqrt(2 / len(first))
