"""A variant against the baseline. What cannot be tested is NaN, never 0 or 1."""

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

    variant, baseline = _paired(variant, baseline)
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


def _paired(variant: ArrayLike, baseline: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
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


@dataclass(frozen=True)
class WelchDifference:
    """Welch's t: the difference of two means of independent runs, in the unit of the input."""

    n: int  # runs of the variant
    mean: float  # variant - baseline
    error: float  # standard error of the difference
    t: float
    df: float
    p: float  # two-sided
    low: float  # confidence interval of the difference
    high: float

    def interval(self, confidence: float) -> tuple[float, float]:
        """The interval of the difference at another confidence; NaN where nothing is testable."""
        return t_interval(self.mean, self.error, self.df, confidence)


def welch_difference(variant: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> WelchDifference:
    """Welch's (1947) t of two independent samples, whose variances may differ; for runs that share no seeds.

    Args:
        variant: results (n,).
        baseline: results (m,).
        confidence: of the two-sided interval.

    Returns:
        The difference. With n < 2, m < 2 or no spread in both, error, t, df, p, low and high are NaN.
    """
    from scipy.stats import ttest_ind

    variant, baseline = np.asarray(variant, dtype=float), np.asarray(baseline, dtype=float)
    n, m = len(variant), len(baseline)
    mean = float(variant.mean() - baseline.mean()) if n and m else np.nan
    if n < 2 or m < 2 or max(_spread(variant), _spread(baseline)) == 0:
        return WelchDifference(n, mean, *[np.nan] * 6)
    test = ttest_ind(variant, baseline, equal_var=False)
    error = math.sqrt(variant.var(ddof=1) / n + baseline.var(ddof=1) / m)
    low, high = t_interval(mean, error, float(test.df), confidence)
    return WelchDifference(n, mean, error, float(test.statistic), float(test.df), float(test.pvalue), low, high)


def _spread(values: np.ndarray) -> float:
    """Standard deviation (n - 1); 0 where it is rounding alone."""
    rounding = 8 * np.finfo(float).eps * np.abs(values).max()
    spread = float(values.std(ddof=1))
    return spread if spread > rounding else 0.0


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests of |mean difference| < margin: a small `p` shows equivalence."""

    p: float
    low: float  # interval at 1 - 2 alpha; it lies inside the margins exactly when p < alpha
    high: float


def equivalence(variant: ArrayLike, baseline: ArrayLike, margin: float, alpha: float = 0.05) -> Equivalence:
    """Paired TOST (Schuirmann 1987): is the mean difference within +- `margin`?

    Args:
        variant: results (n,), one per seed.
        baseline: results (n,) of the same seeds.
        margin: in the unit of the results.
        alpha: level; the interval is at 1 - 2 alpha.

    Returns:
        The p-value and the interval; NaN where those of `paired_difference` are.

    Raises:
        ValueError: the margin is not positive.
    """
    return equivalence_of(paired_difference(variant, baseline), margin, alpha)


def equivalence_of(difference: PairedDifference, margin: float, alpha: float = 0.05) -> Equivalence:
    """`equivalence` of a paired t that is already computed."""
    from scipy.special import stdtr

    if not margin > 0:
        raise ValueError(f"the margin of equivalence is {margin}; it must be positive")
    p = float(stdtr(difference.df, (abs(difference.mean) - margin) / difference.error)) if difference.n > 1 else np.nan
    return Equivalence(p, *difference.interval(1 - 2 * alpha))


@dataclass(frozen=True)
class WinProbability:
    """P(the variant beats the baseline on a seed), with a Clopper-Pearson interval."""

    probability: float
    low: float
    high: float


def win_probability(variant: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> WinProbability:
    """(wins + ties / 2) / n of pairs, with the interval of Clopper & Pearson (1934); NaN without a pair.

    Args:
        variant: results (n,), one per seed.
        baseline: results (n,) of the same seeds.
        confidence: of the interval.
    """
    variant, baseline = _paired(variant, baseline)
    n, wins = len(variant), float((np.sign(variant - baseline) + 1).sum() / 2)
    return WinProbability(wins / n if n else np.nan, *proportion_interval(wins, n, confidence))


def proportion_interval(count: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper & Pearson's (1934) interval of a proportion `count` / n; half a count stands for a tie."""
    from scipy.special import betaincinv

    if not n:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low = betaincinv(count, n - count + 1, tail) if count > 0 else 0.0
    high = betaincinv(count + 1, n - count, 1 - tail) if count < n else 1.0
    return float(low), float(high)


EXACT = 16  # pairs up to which every combination of signs is evaluated


def sign_flip_p(differences: ArrayLike) -> float:
    """Two-sided p of the mean of paired differences (n,), when each sign is equally likely (Fisher 1935).

    Exact up to n = `EXACT`; above, a Monte Carlo estimate from 99,999 draws with a fixed seed. NaN for n < 6, where no
    p can be below .05 (2 / 2^5 = .0625).
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
