"""Welch's t, where variant and baseline share no seeds."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.analysis.stats.paired import t_interval


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
        The difference. With n < 2, m < 2 or zero variance in both, error, t, df, p, low and high are NaN.
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
