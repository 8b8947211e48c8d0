"""What a study could detect. Asked before it, or of the next one; power computed from its own result says nothing."""

import math
import warnings

import numpy as np
from numpy.typing import ArrayLike


def paired_power(effect: float, n: int, alpha: float = 0.05) -> float:
    """Probability that a two-sided paired t of n >= 2 seeds finds a standardised difference (d_z) of `effect`.

    Integrated over the distribution of the sample's SD: scipy's noncentral t, which statsmodels uses, loses its digits
    where n is small and alpha smaller.
    """
    from scipy.integrate import quad
    from scipy.special import chdtri, ndtr, stdtrit

    shift, critical = effect * math.sqrt(n), stdtrit(n - 1, 1 - alpha / 2)

    def found(tail: float) -> float:
        sd = math.sqrt(chdtri(n - 1, tail) / (n - 1))  # of the sample, in units of the true one
        return float(ndtr(shift - critical * sd) + ndtr(-shift - critical * sd))

    return float(quad(found, 0, 1, limit=200)[0])


def minimum_detectable_effect(n: int, alpha: float = 0.05, comparisons: int = 1, power: float = 0.8) -> float:
    """The smallest d_z, mean paired difference over its SD, that n seeds detect with this power; NaN for n < 2.

    A two-sided paired t at alpha / `comparisons`, Holm's first step (Cohen 1988; noncentral t).
    """
    from scipy.optimize import brentq
    from statsmodels.stats.power import TTestPower

    if n < 2:
        return math.nan
    strict = alpha / comparisons
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has found nothing is seen below
        effect = float(TTestPower().solve_power(nobs=n, alpha=strict, power=power))
    if abs(paired_power(effect, n, strict) - power) < 0.005:
        return effect
    high = 1.0
    while paired_power(high, n, strict) < power:
        high *= 2
    return float(brentq(lambda d: paired_power(d, n, strict) - power, 0, high, rtol=1e-6))


def seeds_needed(
    differences: ArrayLike, effect: float, alpha: float = 0.05, comparisons: int = 1, power: float = 0.8
) -> int | None:
    """How many seeds detect a mean difference of `effect` with this power, were the SD that of `differences` (n,).

    Same test as `minimum_detectable_effect`, `effect` in the unit of the differences. None if they are fewer than two
    or have no spread. The SD of few seeds is itself uncertain, and so is the answer.
    """
    differences = np.asarray(differences, dtype=float)
    sd = differences.std(ddof=1) if len(differences) > 1 else 0.0
    if not sd > 0 or not effect:
        return None
    size = abs(effect) / sd

    def enough(n: int) -> bool:
        return paired_power(size, n, alpha / comparisons) >= power

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
