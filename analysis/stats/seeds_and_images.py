"""Confidence interval of a difference in accuracy that generalizes over both seeds and evaluation images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class CrossedInterval:
    """A mean difference and its confidence interval over seeds and images."""

    mean: float
    low: float
    high: float
    df: float


def crossed_interval(
    correct_variant: ArrayLike, correct_baseline: ArrayLike, confidence: float = 0.95
) -> CrossedInterval:
    """Confidence interval of the difference in accuracy of two variants, over seeds and images.

    Seeds and images are crossed random effects: V = s2_seed / n + s2_image / N - s2_residual / (n N), not below the
    larger of its first two terms. Satterthwaite's (1946) degrees of freedom, at most n - 1, so that the interval is
    never narrower than the one over seeds alone.

    Args:
        correct_variant: booleans (seeds n, images N): was the image classified correctly?
        correct_baseline: the same for the baseline, with seeds and images in the same order.
        confidence: of the two-sided interval.

    Returns:
        The interval, as fractions; NaN with fewer than two seeds or images, or without any spread.

    Raises:
        ValueError: the arrays are not (seeds, images).
    """
    from scipy.special import stdtrit

    difference = np.asarray(correct_variant, dtype=float) - np.asarray(correct_baseline, dtype=float)
    if difference.ndim != 2:
        raise ValueError(f"correct predictions must be (seeds, images), not {difference.shape}")
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
    satterthwaite = float(variance**2 / (terms**2 / [n - 1, images - 1, (n - 1) * (images - 1)]).sum())
    df = min(satterthwaite, n - 1)
    half = float(stdtrit(df, (1 + confidence) / 2) * np.sqrt(variance))
    return CrossedInterval(mean, mean - half, mean + half, df)
