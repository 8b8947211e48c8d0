"""Several comparisons at once."""

import numpy as np
from numpy.typing import ArrayLike


def holm(p_values: ArrayLike) -> np.ndarray:
    """Holm's (1979) adjusted p-values (m,) of p-values (m,). A NaN is no test: it stays NaN and is not counted in m."""
    from statsmodels.stats.multitest import multipletests

    adjusted = np.array(p_values, dtype=float)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = multipletests(adjusted[tested], method="holm")[1]
    return adjusted


def optimism(k: int) -> float:
    """By how many standard errors the best of k equal means is too high on average: E max of k standard normals."""
    from scipy.integrate import quad
    from scipy.special import ndtr

    def density(x: float) -> float:
        return float(k * x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr(x) ** (k - 1))

    return float(quad(density, -40, 40, points=[0.0, 3.0])[0])
