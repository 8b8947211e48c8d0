"""The expected best of n random trials."""

import numpy as np
from numpy.typing import ArrayLike


def expected_best(values: ArrayLike) -> np.ndarray:
    """The expected maximum of n = 1, ..., N trials drawn with replacement from the N observed ones.

    E[max of n] = sum over i of v_(i) ((i / N)^n - ((i - 1) / N)^n), with the values v_(1) <= ... <= v_(N) in order
    (Dodge, Gururangan, Card, Schwartz & Smith, 2019: Show Your Work).

    Args:
        values: result of each trial (N,), larger is better.

    Returns:
        (N,), rising from the mean of the values.
    """
    ordered = np.sort(np.asarray(values, float))
    steps = np.arange(len(ordered) + 1) / max(1, len(ordered))
    budgets = np.arange(1, len(ordered) + 1)[:, None]
    best: np.ndarray = np.diff(steps**budgets, axis=1) @ ordered
    return best
