"""Probabilities with Clopper-Pearson intervals: of winning a pair, of diverging."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.analysis.stats.paired import as_pairs


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
    variant, baseline = as_pairs(variant, baseline)
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
