"""The evaluation images are a sample too: two recipes over seeds and images, two checkpoints over images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class CrossedInterval:
    """A mean difference and its interval over other seeds and other images."""

    mean: float
    low: float
    high: float
    df: float


def crossed_interval(
    correct_variant: ArrayLike, correct_baseline: ArrayLike, confidence: float = 0.95
) -> CrossedInterval:
    """Interval of the difference in accuracy of two recipes, from booleans (seeds n, images N) of correct answers.

    Seeds and images are crossed random effects: V = s2_seed / n + s2_image / N - s2_residual / (n N), not below the
    larger of its first two terms, with Satterthwaite's (1946) degrees of freedom. NaN with fewer than two seeds or
    images, or without any spread.
    """
    from scipy.special import stdtrit

    difference = np.asarray(correct_variant, dtype=float) - np.asarray(correct_baseline, dtype=float)
    if difference.ndim != 2:
        raise ValueError(f"correct answers are needed as (seeds, images), not {difference.shape}")
    n, images = difference.shape
    mean = float(difference.mean()) if difference.size else np.nan
    if n < 2 or images < 2:
        return CrossedInterval(mean, np.nan, np.nan, np.nan)
    of_seeds, of_images = difference.mean(1, keepdims=True), difference.mean(0, keepdims=True)
    residual = ((difference - of_seeds - of_images + mean) ** 2).sum() / ((n - 1) * (images - 1))
    terms = np.array([of_seeds.var(ddof=1) / n, of_images.var(ddof=1) / images, residual / (n * images)])
    variance = max(terms[0] + terms[1] - terms[2], terms[0], terms[1])
    if not variance > 0:
        return CrossedInterval(mean, np.nan, np.nan, np.nan)
    df = float(variance**2 / (terms**2 / [n - 1, images - 1, (n - 1) * (images - 1)]).sum())
    half = float(stdtrit(df, (1 + confidence) / 2) * np.sqrt(variance))
    return CrossedInterval(mean, mean - half, mean + half, df)


@dataclass(frozen=True)
class McNemar:
    """McNemar's chi-squared with Edwards' correction, its p, and the exact binomial one."""

    statistic: float
    p: float
    exact_p: float


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemar:
    """McNemar's (1947) test of two classifiers on the same images, booleans (N,).

    It compares two checkpoints, not two recipes: another seed may say the opposite. NaN if they never differ.
    """
    from scipy.special import chdtrc
    from scipy.stats import binomtest

    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"two arrays (images,) are needed, not {a.shape} and {b.shape}")
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    if not only_a + only_b:
        return McNemar(np.nan, np.nan, np.nan)
    statistic = max(abs(only_a - only_b) - 1, 0) ** 2 / (only_a + only_b)
    exact = binomtest(only_a, only_a + only_b, 0.5).pvalue
    return McNemar(float(statistic), float(chdtrc(1, statistic)), float(exact))
