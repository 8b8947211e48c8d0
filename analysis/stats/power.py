"""What a study could detect. Asked before it, or of the next one; power computed from its own result says nothing."""

import math

import numpy as np
from numpy.typing import ArrayLike


def minimum_detectable_effect(n: int, alpha: float = 0.05, comparisons: int = 1, power: float = 0.8) -> float:
    """The smallest d_z, mean paired difference over its SD, that n seeds detect with this power; NaN for n < 2.

    A two-sided paired t at alpha / `comparisons`, Holm's first step (Cohen 1988; noncentral t).
    """
    from statsmodels.stats.power import TTestPower

    if n < 2:
        return math.nan
    return float(TTestPower().solve_power(nobs=n, alpha=alpha / comparisons, power=power))


def seeds_needed(
    differences: ArrayLike, effect: float, alpha: float = 0.05, comparisons: int = 1, power: float = 0.8
) -> int | None:
    """How many seeds detect a mean difference of `effect` with this power, were the SD that of `differences` (n,).

    Same test as `minimum_detectable_effect`, `effect` in the unit of the differences. None if they are fewer than two
    or have no spread. The SD of few seeds is itself uncertain, and so is the answer.
    """
    from statsmodels.stats.power import TTestPower

    differences = np.asarray(differences, dtype=float)
    sd = differences.std(ddof=1) if len(differences) > 1 else 0.0
    if not sd > 0 or not effect:
        return None
    size = abs(effect) / sd

    def enough(n: int) -> bool:
        return bool(TTestPower().power(size, n, alpha / comparisons) >= power)

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
