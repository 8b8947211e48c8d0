"""Several comparisons at once."""

import math
from collections import Counter

import numpy as np
from numpy.typing import ArrayLike


def holm(p_values: ArrayLike, m: int | None = None) -> np.ndarray:
    """Holm's (1979) adjusted p-values.

    Args:
        p_values: (..., k), each row a family; NaN where nothing could be tested, which stays NaN.
        m: size of a family, at least the number of its tested p-values. Members that are missing or untestable count as
            p = 1. Default: the number of p-values that are not NaN.

    Returns:
        Adjusted p-values (..., k).

    Raises:
        ValueError: m is smaller than the number of p-values.
    """
    p = np.asarray(p_values, dtype=float)
    tested = np.sum(~np.isnan(p), axis=-1, keepdims=True)
    if m is not None and (tested > m).any():
        raise ValueError(f"{tested.max()} p-values are more than a family of {m}")
    order = np.argsort(p, axis=-1, kind="stable")  # NaN last
    scaled = np.take_along_axis(p, order, axis=-1) * ((tested if m is None else m) - np.arange(p.shape[-1]))
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(np.maximum.accumulate(scaled, axis=-1), 1), axis=-1)
    return adjusted


def fisher_exact_family(tables: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Fisher's exact test of several pairs of rates, and its p-values corrected together.

    The correction is Holm's for discrete tests (Westfall & Wolfinger 1997): a comparison adds the largest p it can
    attain that is not above the one corrected. A pair without failures cannot attain any but 1, and costs nothing.

    Args:
        tables: (m, 4) counts: failures and runs of the variant, failures and runs of the baseline.

    Returns:
        Two-sided p-values (m,) and adjusted p-values (m,).
    """
    counts = np.asarray(tables, dtype=int).reshape(-1, 4).tolist()
    margins = [(k + base_k, n, base_n) for k, n, base_k, base_n in counts]  # few differ, also among many pairs
    attainable = {each: _attainable(*each) for each in set(margins)}
    p = np.array([attainable[each][row[0]] for each, row in zip(margins, counts, strict=True)])
    adjusted, highest, remaining = np.ones(len(p)), 0.0, Counter(margins)
    for index in np.argsort(p, kind="stable"):
        limit = p[index] * (1 + 1e-9)
        largest = {each: max((v for v in attainable[each].values() if v <= limit), default=0.0) for each in remaining}
        highest = max(highest, sum(count * largest[each] for each, count in remaining.items()))
        adjusted[index] = min(highest, 1.0)
        remaining[margins[index]] -= 1
    return p, adjusted


def _attainable(failures: int, n: int, base_n: int) -> dict[int, float]:
    """The p-values that Fisher's exact test can attain, one per split of the failures between the two."""
    total = math.comb(n + base_n, failures)
    chance = {
        k: math.comb(n, k) * math.comb(base_n, failures - k) / total
        for k in range(max(0, failures - base_n), min(n, failures) + 1)
    }
    return {
        k: min(sum(q for q in chance.values() if q <= probability * (1 + 1e-7)), 1.0)
        for k, probability in chance.items()
    }


def selection_bias(k: int, correlation: float = 0.0) -> float:
    """Selection bias of the best of k means, in standard errors of a mean, if all k variants were equally good.

    It is the expected maximum of k standard normals with the pairwise correlation `correlation` (0 to 1): sqrt(1 -
    correlation) times that of independent ones. Results of the same seeds are correlated.
    """
    from scipy.integrate import quad
    from scipy.special import ndtr

    def density(x: float) -> float:
        return float(k * x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr(x) ** (k - 1))

    return float(math.sqrt(1 - correlation) * quad(density, -40, 40, points=[0.0, 3.0])[0])


def mean_correlation(results: ArrayLike) -> float:
    """The common correlation of variants over seeds: mean covariance over mean variance, within 0 to 1.

    Args:
        results: (variants, seeds), without NaN.

    Returns:
        The correlation; NaN with fewer than two variants or three seeds, or without any variance.
    """
    values = np.asarray(results, dtype=float)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 3:
        return math.nan
    covariance = np.cov(values)
    variance = float(np.trace(covariance)) / len(covariance)
    if not variance > 0:
        return math.nan
    shared = float(covariance.sum() - np.trace(covariance)) / (len(covariance) * (len(covariance) - 1))
    return min(max(shared / variance, 0.0), 1.0)
