"""Numbers in, one result out. The seed is the unit: a variant is compared with the baseline on the same seeds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class PairedDifference:
    """A mean difference of pairs and Student's t on it. What cannot be tested is NaN, never 0 or 1."""

    n: int  # pairs
    mean: float  # of variant - baseline, in the unit of the input
    sd: float  # of the differences (n - 1 in the denominator)
    t: float
    df: int
    p: float  # two-sided
    low: float  # confidence interval of the mean
    high: float
    g_z: float  # mean / sd, corrected for small samples
    wins: int  # pairs in which the variant is higher


def paired_difference(variant: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> PairedDifference:
    """Student's paired t on `variant - baseline`, two arrays (n,) paired by position.

    With n < 2, or all differences equal, nothing is testable: t, p, low, high and g_z are NaN. g_z is Hedges' (1981)
    exact correction of Cohen's d_z; it also needs n > 2, as its expectation does not exist for n = 2.
    """
    from scipy.special import stdtr, stdtrit

    variant, baseline = np.asarray(variant, dtype=float), np.asarray(baseline, dtype=float)
    if variant.shape != baseline.shape or variant.ndim != 1:
        raise ValueError(f"pairs need two arrays (n,), not {variant.shape} and {baseline.shape}")
    difference = variant - baseline
    n = len(difference)
    mean = float(difference.mean()) if n else np.nan
    sd = float(difference.std(ddof=1)) if n > 1 else np.nan
    t = p = low = high = g_z = np.nan
    # 0.9 - 0.8 and 0.8 - 0.7 differ by rounding alone; a spread of that size is none.
    rounding = 8 * np.finfo(float).eps * max(np.abs(variant).max(), np.abs(baseline).max()) if n else 0.0
    if n > 1 and sd > rounding:
        error = sd / np.sqrt(n)
        half = error * stdtrit(n - 1, (1 + confidence) / 2)
        t, low, high = mean / error, mean - half, mean + half
        p = 2 * float(stdtr(n - 1, -abs(t)))
        g_z = small_sample_factor(n - 1) * mean / sd
    elif n > 1:
        sd = 0.0
    return PairedDifference(n, mean, sd, t, n - 1, p, low, high, g_z, wins=int((difference > 0).sum()))


def small_sample_factor(df: int) -> float:
    """Hedges' J (1981), the exact factor that makes a standardised mean difference unbiased; NaN for df < 2."""
    from scipy.special import gammaln

    if df < 2:
        return np.nan
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def holm(p_values: ArrayLike) -> np.ndarray:
    """Holm's (1979) adjusted p-values (m,) of p-values (m,). A NaN is no test: it stays NaN and is not counted in m."""
    from statsmodels.stats.multitest import multipletests

    adjusted = np.array(p_values, dtype=float)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = multipletests(adjusted[tested], method="holm")[1]
    return adjusted
