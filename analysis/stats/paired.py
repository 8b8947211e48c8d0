"""Student's paired t and the sign-flip test. What cannot be tested is NaN, never 0 or 1."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class PairedDifference:
    """Student's paired t: the mean of `n` differences, in the unit of the input."""

    n: int  # pairs
    mean: float  # of variant - baseline
    sd: float  # of the differences (n - 1 in the denominator)
    error: float  # standard error of the mean
    t: float
    df: float
    p: float  # two-sided
    low: float  # confidence interval of the mean
    high: float
    g_z: float  # mean / sd, corrected for small samples
    wins: int  # pairs in which the variant is higher

    def interval(self, confidence: float) -> tuple[float, float]:
        """The interval of the mean at another confidence; NaN where nothing is testable."""
        return t_interval(self.mean, self.error, self.df, confidence)


def t_interval(mean: float, error: float, df: float, confidence: float) -> tuple[float, float]:
    """`mean` +- t((1 + confidence) / 2, df) * `error`; NaN if the error or df is."""
    from scipy.special import stdtrit

    half = float(error * stdtrit(df, (1 + confidence) / 2)) if df > 0 else np.nan
    return mean - half, mean + half


def paired_difference(variant: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> PairedDifference:
    """Student's paired t of `variant - baseline`.

    Args:
        variant: results (n,), one per seed.
        baseline: results (n,) of the same seeds, in the same order.
        confidence: of the two-sided interval.

    Returns:
        The difference. With n < 2, or all differences equal, error, t, p, low, high and g_z are NaN. g_z is Cohen's
        d_z with the exact correction of Hedges (1981), which needs n > 2.

    Raises:
        ValueError: the arrays do not pair.
    """
    from scipy.special import stdtr

    variant, baseline = as_pairs(variant, baseline)
    difference = variant - baseline
    n = len(difference)
    mean = float(difference.mean()) if n else np.nan
    sd = float(difference.std(ddof=1)) if n > 1 else np.nan
    error = t = p = low = high = g_z = np.nan
    # 0.9 - 0.8 and 0.8 - 0.7 differ by rounding alone: an SD of that size counts as 0.
    rounding = 8 * np.finfo(float).eps * max(np.abs(variant).max(), np.abs(baseline).max()) if n else 0.0
    if n > 1 and sd > rounding:
        error = sd / math.sqrt(n)
        t = mean / error
        low, high = t_interval(mean, error, n - 1, confidence)
        p = 2 * float(stdtr(n - 1, -abs(t)))
        g_z = small_sample_factor(n - 1) * mean / sd
    elif n > 1:
        sd = 0.0
    return PairedDifference(n, mean, sd, error, t, n - 1, p, low, high, g_z, wins=int((difference > 0).sum()))


def as_pairs(variant: ArrayLike, baseline: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as float arrays (n,). ValueError if their shapes differ."""
    one, other = np.asarray(variant, dtype=float), np.asarray(baseline, dtype=float)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"pairs need two arrays (n,), not {one.shape} and {other.shape}")
    return one, other


def small_sample_factor(df: int) -> float:
    """Hedges' J (1981): the exact factor that makes a standardized mean difference unbiased; NaN for df < 2."""
    from scipy.special import gammaln

    if df < 2:
        return np.nan
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


DRAWS = 10**8  # signs: with more than 1,000 pairs, fewer than 99,999 draws of all signs
AT_ONCE = 10**7  # signs in memory
EXACT = 16  # pairs up to which every combination of signs is evaluated


def sign_flip_p(differences: ArrayLike) -> float:
    """Two-sided p of the mean of paired differences (n,), when each sign is equally likely (Fisher 1935).

    Exact up to n = `EXACT`; above, a Monte Carlo estimate from 99,999 draws with a fixed seed, or fewer of more than
    1,000 pairs. NaN for n < 6, where no p can be below .05 (2 / 2^5 = .0625), and if a difference is not finite.
    """
    from scipy.stats import permutation_test

    differences = np.asarray(differences, dtype=float)
    if len(differences) < 6 or not np.isfinite(differences).all():
        return np.nan
    draws = min(99_999, DRAWS // len(differences))
    return float(
        permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=draws, vectorized=True,
            batch=max(1, AT_ONCE // len(differences)), rng=np.random.default_rng(0),
        ).pvalue
    )  # fmt: skip
