"""Equivalence of a variant and the baseline within a margin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.analysis.stats.paired import PairedDifference, paired_difference


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
