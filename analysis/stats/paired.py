"""A variant against the baseline. What cannot be tested is NaN, never 0 or 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class PairedDifference:
    """A mean difference of pairs and Student's t on it."""

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


@dataclass(frozen=True)
class WelchDifference:
    """A difference of two means whose runs share nothing, and Welch's t on it."""

    n: int  # runs of the variant
    n_baseline: int
    mean: float  # variant - baseline, in the unit of the input
    t: float
    df: float
    p: float  # two-sided
    low: float  # confidence interval of the difference
    high: float


def welch_difference(variant: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> WelchDifference:
    """Welch's (1947) t on the means of two independent samples (n,) and (m,), whose variances may differ.

    For runs that share no seeds; where they do, `paired_difference` is more powerful. With n < 2, m < 2 or no spread in
    both, t, df, p, low and high are NaN.
    """
    from scipy.stats import ttest_ind

    variant, baseline = np.asarray(variant, dtype=float), np.asarray(baseline, dtype=float)
    n, m = len(variant), len(baseline)
    mean = float(variant.mean() - baseline.mean()) if n and m else np.nan
    if n < 2 or m < 2 or max(_spread(variant), _spread(baseline)) == 0:
        return WelchDifference(n, m, mean, *[np.nan] * 5)
    test = ttest_ind(variant, baseline, equal_var=False)
    interval = test.confidence_interval(confidence)
    numbers = (test.statistic, test.df, test.pvalue, interval.low, interval.high)
    return WelchDifference(n, m, mean, *map(float, numbers))


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests of |mean difference| < margin: small `p`, practically the same."""

    p: float
    low: float  # interval at 1 - 2 alpha; inside the margins exactly when p < alpha
    high: float


def equivalence(variant: ArrayLike, baseline: ArrayLike, margin: float, alpha: float = 0.05) -> Equivalence:
    """Paired TOST (Schuirmann 1987) of arrays (n,): is the mean difference within +- `margin`, in their unit?

    NaN where `paired_difference` is. ValueError for a margin that is not positive.
    """
    from scipy.special import stdtr

    if not margin > 0:
        raise ValueError(f"the margin of equivalence is {margin}; it must be positive")
    found = paired_difference(variant, baseline, 1 - 2 * alpha)
    error = found.sd / np.sqrt(found.n) if found.sd else np.nan
    p = max(float(stdtr(found.df, (abs(found.mean) - margin) / error)), 0.0) if found.n > 1 else np.nan
    return Equivalence(p, found.low, found.high)


@dataclass(frozen=True)
class WinProbability:
    """How likely the variant's result is the higher one, a tie counting half, with a Clopper-Pearson interval."""

    probability: float
    low: float
    high: float


def win_probability(variant: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> WinProbability:
    """P(variant > baseline) + P(tie) / 2.

    Arrays (n,) are pairs: (wins + ties / 2) / n and the interval of Clopper & Pearson (1934). Arrays (n, tasks) and
    (m, tasks) are independent runs: every run is compared with every other of its task, the tasks are averaged
    (Agarwal et al. 2021, "rliable"), and there is no interval.
    """
    variant, baseline = np.asarray(variant, dtype=float), np.asarray(baseline, dtype=float)
    if variant.ndim == 2:
        difference = variant[:, None, :] - baseline[None, :, :]
        return WinProbability(float((np.sign(difference) + 1).mean() / 2), np.nan, np.nan)
    if variant.shape != baseline.shape or variant.ndim != 1:
        raise ValueError(f"pairs need two arrays (n,), not {variant.shape} and {baseline.shape}")
    won = float((np.sign(variant - baseline) + 1).sum() / 2)
    return WinProbability(
        won / len(variant) if len(variant) else np.nan, *proportion_interval(won, len(variant), confidence)
    )


def proportion_interval(count: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper & Pearson's (1934) interval of a proportion `count` / n; `count` may have a half, for a tie."""
    from scipy.special import betaincinv

    if not n:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low = betaincinv(count, n - count + 1, tail) if count > 0 else 0.0
    high = betaincinv(count + 1, n - count, 1 - tail) if count < n else 1.0
    return float(low), float(high)


def sign_flip_p(differences: ArrayLike) -> float:
    """Two-sided p of the mean of paired differences (n,) when each could as well have had the other sign (Fisher 1935).

    No distribution is assumed. All 2^n signs are tried up to n = 16, and 100,000 drawn ones, always the same, above;
    NaN for n < 6, where p could not be below 0.05 after any correction.
    """
    from scipy.stats import permutation_test

    differences = np.asarray(differences, dtype=float)
    if len(differences) < 6:
        return np.nan
    return float(
        permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=99_999, vectorized=True,
            rng=np.random.default_rng(0),
        ).pvalue
    )  # fmt: skip


def _spread(values: np.ndarray) -> float:
    """Standard deviation (n - 1); 0 where it is rounding alone."""
    rounding = 8 * np.finfo(float).eps * np.abs(values).max()
    spread = float(values.std(ddof=1))
    return spread if spread > rounding else 0.0
