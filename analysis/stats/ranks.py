"""Several variants on several data sets: mean ranks and tests of their differences (Demsar 2006)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ablate.analysis.stats.multiple import holm

FEWEST = 5  # data sets for which ranks are reported


@dataclass(frozen=True)
class Friedman:
    """Friedman's test of equal mean ranks of k variants on n data sets.

    Attributes:
        ranks: mean ranks (k,); 1 is best, ties share their mean rank.
        chi_squared: Friedman's statistic, corrected for ties.
        f: the less conservative form of Iman & Davenport (1980), with k - 1 and (k - 1)(n - 1) degrees of freedom.
        p: of `f`.
    """

    ranks: np.ndarray
    chi_squared: float
    f: float
    p: float


def friedman(values: ArrayLike) -> Friedman:
    """Compare the ranks of variants over data sets.

    Args:
        values: (n, k) results of k variants on n data sets, higher is better.

    Returns:
        The test; p is NaN if there are fewer than two data sets or variants, or all ranks are tied.

    Raises:
        ValueError: a value is missing.
    """
    from scipy.special import fdtrc
    from scipy.stats import rankdata

    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or np.isnan(values).any():
        raise ValueError("ranks need a result of every variant on every data set")
    n, k = values.shape
    each = rankdata(-values, axis=1)
    ranks = each.mean(axis=0)
    spread = float(((each - (k + 1) / 2) ** 2).sum()) / n if n else 0.0  # k (k^2 - 1) / 12 without ties
    if n < 2 or k < 2 or spread == 0:
        return Friedman(ranks, np.nan, np.nan, np.nan)
    chi_squared = n * (k - 1) * float(((ranks - (k + 1) / 2) ** 2).sum()) / spread
    rest = n * (k - 1) - chi_squared
    f = (n - 1) * chi_squared / rest if rest > 1e-12 else np.inf
    return Friedman(ranks, chi_squared, f, float(fdtrc(k - 1, (k - 1) * (n - 1), f)))


def critical_difference(k: int, n: int, alpha: float = 0.05) -> float:
    """Nemenyi's (1963) critical difference: mean ranks of k variants on n data sets that differ by it differ.

    The error rate `alpha` is that of one or more false differences among all pairs.
    """
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - alpha, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n)))


def cliques(ranks: ArrayLike, difference: float) -> list[list[int]]:
    """The largest groups of neighbors in rank that differ by less than `difference`, best first.

    Returns:
        Positions in `ranks`, of two or more variants per group.
    """
    ranks = np.asarray(ranks, dtype=float)
    order = np.argsort(ranks, kind="stable")
    groups: list[list[int]] = []
    for start in range(len(order)):
        group = [int(i) for i in order[start:] if ranks[i] - ranks[order[start]] < difference]
        if len(group) > 1 and not (groups and set(group) <= set(groups[-1])):
            groups.append(group)
    return groups


def wilcoxon_holm(values: ArrayLike, baseline: ArrayLike) -> np.ndarray:
    """Wilcoxon's signed-rank test of each variant against the baseline over data sets, corrected by Holm's method.

    Args:
        values: (n, k) results of k variants on n data sets.
        baseline: (n,) results of the baseline.

    Returns:
        Adjusted two-sided p-values (k,); NaN where all differences are zero.
    """
    from scipy.stats import wilcoxon

    differences = np.asarray(values, dtype=float) - np.asarray(baseline, dtype=float)[:, None]
    p = [float(wilcoxon(column).pvalue) if column.any() else np.nan for column in differences.T]
    return holm(p, len(p))
