"""Power analysis of a planned study. Post hoc power, computed from the observed effect, is not reported."""

import math

import numpy as np
from numpy.typing import ArrayLike

SD_CONFIDENCE = 0.8  # one-sided, of the limit with which seeds are planned


def paired_power(effect: float, n: int, alpha: float = 0.05) -> float:
    """Power of a two-sided paired t.

    Integrated over the distribution of the sample's SD: the noncentral t of scipy, which statsmodels uses, loses its
    digits where n and alpha are small.

    Args:
        effect: standardized difference d_z, mean over SD of the differences.
        n: seeds, at least 2.
        alpha: level of the test.
    """
    from scipy.integrate import quad
    from scipy.special import chdtri, ndtr, stdtrit

    shift, critical = effect * math.sqrt(n), stdtrit(n - 1, 1 - alpha / 2)

    def rejected(tail: float) -> float:
        sd = math.sqrt(chdtri(n - 1, tail) / (n - 1))  # of the sample, in units of the true one
        return float(ndtr(shift - critical * sd) + ndtr(-shift - critical * sd))

    return float(quad(rejected, 0, 1, limit=200)[0])


def minimum_detectable_effect(n: int, alpha: float = 0.05, comparisons: int = 1, power: float = 0.8) -> float:
    """The smallest d_z, mean paired difference over its SD, that n seeds detect with this power; NaN for n < 2.

    A two-sided paired t at alpha / `comparisons`, the first step of Holm (Cohen 1988).
    """
    from scipy.optimize import brentq

    if n < 2:
        return math.nan
    strict, high = alpha / comparisons, 1.0
    while paired_power(high, n, strict) < power:
        high *= 2
    return float(brentq(lambda d: paired_power(d, n, strict) - power, 0, high, rtol=1e-6))


def sd_upper_limit(sd: float, n: int, confidence: float = SD_CONFIDENCE) -> float:
    """One-sided upper confidence limit of the true SD, from the SD of n normal values; NaN for n < 2."""
    from scipy.special import chdtri

    return float(sd * math.sqrt((n - 1) / chdtri(n - 1, confidence))) if n > 1 else math.nan


def seeds_needed(
    differences: ArrayLike, effect: float, alpha: float = 0.05, comparisons: int = 1, power: float = 0.8
) -> int | None:
    """How many seeds detect a mean difference of `effect` with this power.

    Planned with the upper limit of the SD (`sd_upper_limit`), as the SD of few seeds is too low more often than not
    (Kieser & Wassmer 1996).

    Args:
        differences: paired differences (n,) of a pilot.
        effect: mean difference to detect, in the unit of the differences.
        alpha, comparisons: level and size of the family, as for `minimum_detectable_effect`.
        power: at least this.

    Returns:
        Seeds; None if the differences are fewer than two or have no spread, or `effect` is 0.
    """
    differences = np.asarray(differences, dtype=float)
    sd = differences.std(ddof=1) if len(differences) > 1 else 0.0
    if not sd > 0 or not effect:
        return None
    size = abs(effect) / sd_upper_limit(float(sd), len(differences))

    def enough(n: int) -> bool:
        return paired_power(size, n, alpha / comparisons) >= power

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
