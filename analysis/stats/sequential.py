"""Group-sequential tests of a mean: the boundaries of the cumulative paired t at planned looks.

A test spends its level over the looks by a function of the share of all seeds (Lan & DeMets 1983; `SPENDING`).
Its boundaries follow from that and from the null distribution of the cumulative t (`successive_t`), which holds
for any number of seeds. Levels are met to .2 % of themselves (a level of 5 % is 5.00 to 5.01 %), down to 1e-5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from ablate.analysis.stats.successive_t import EDGES, STEP, TAIL, survival, t_of_z, z_of_t

LEVELS = ndtr(-np.linspace(-3.5, 4.8, 167))  # of one side, descending: .9998 to 8e-7


def pocock(level: ArrayLike, share: ArrayLike) -> np.ndarray:
    """The Pocock-like spending function of Lan & DeMets: much of the level early.

    Args:
        level: of one side.
        share: of all seeds, 0 to 1.
    """
    return np.asarray(level) * np.log1p((np.e - 1) * np.asarray(share))


def obrien_fleming(level: ArrayLike, share: ArrayLike) -> np.ndarray:
    """The O'Brien-Fleming-like spending function of Lan & DeMets: nearly all of the level late. See `pocock`."""
    return np.asarray(2 * ndtr(ndtri(np.asarray(level) / 2) / np.sqrt(share)))


SPENDING: dict[str, Callable[[ArrayLike, ArrayLike], np.ndarray]] = {
    "pocock": pocock,
    "obrien_fleming": obrien_fleming,
}


@dataclass(frozen=True)
class Looks:
    """The looks at one comparison.

    A planned look without two differences, or without a new one, is left out here: what it could have spent is left to
    the next. If seeds were lost, the sizes are smaller than planned, and so are the shares; what earlier looks spent
    stays as it was. The last planned look spends all that is left, whatever its size.

    Attributes:
        sizes: number of differences at each look so far, increasing, at least 2.
        shares: of the planned number of seeds; 1 at the last planned look.
        spending: a name in `SPENDING`.
    """

    sizes: tuple[int, ...]
    shares: tuple[float, ...]
    spending: str = "pocock"

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.sizes, self.sizes[1:], strict=False))
        if not self.sizes or self.sizes[0] < 2 or not rising or len(self.shares) != len(self.sizes):
            raise ValueError(f"looks rise from 2 differences or more, each with its share: {self.sizes}, {self.shares}")

    def critical(self, level: float, two_sided: bool = True) -> np.ndarray:
        """The t at each look (looks,) from which on the test rejects; infinite where it cannot.

        Args:
            level: of the test over all looks; two-sided: half of it for each side.
            two_sided: reject for |t|, else for t.
        """
        side = np.array([level / 2 if two_sided else level])
        return np.asarray(t_of_z(boundaries(self, side, two_sided)[0], np.array(self.sizes)))

    def p(self, t: ArrayLike, two_sided: bool = True) -> np.ndarray:
        """Sequential p-values: the smallest level at which the test has rejected at a look so far.

        Args:
            t: cumulative t at each look (..., looks); NaN where it cannot be computed, which is no rejection.
            two_sided: test |t|, else t.

        Returns:
            (..., looks), not increasing; 1 before the first t. Not below 2e-6 (two-sided).
        """
        return np.asarray(np.minimum.accumulate(self.p_alone(t, two_sided), axis=-1))

    def p_alone(self, t: ArrayLike, two_sided: bool = True) -> np.ndarray:
        """The smallest level at which the test rejects at this look, whatever it did before. See `p`."""
        z = z_of_t(np.asarray(t, dtype=float), np.array(self.sizes))
        z = abs(z) if two_sided else z
        sides = [np.interp(z[..., look], *table, left=-np.inf) for look, table in enumerate(_tables(self, two_sided))]
        alone = np.minimum((2 if two_sided else 1) * ndtr(-np.stack(sides, axis=-1)), 1)
        return np.asarray(np.nan_to_num(alone, nan=1.0))


@lru_cache(maxsize=256)
def _tables(looks: Looks, two_sided: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    levels = LEVELS[LEVELS <= 0.5] if two_sided else LEVELS
    tables = []
    for bounds in boundaries(looks, levels, two_sided).T:
        finite = np.isfinite(bounds)  # z beyond the last finite one has its level
        tables.append((np.maximum.accumulate(bounds[finite]), -ndtri(levels[finite])))
    return tables


def boundaries(looks: Looks, levels: np.ndarray, two_sided: bool) -> np.ndarray:
    """The boundaries as normal quantiles z of t (levels, looks); infinite where a look has nothing to spend.

    Args:
        looks: the looks.
        levels: of one side (levels,), at most 0.5 if two-sided.
        two_sided: whether z below the negative boundary ends the comparison too.
    """
    spends = np.diff(SPENDING[looks.spending](levels[:, None], np.array(looks.shares)), axis=1, prepend=0)
    bounds = np.empty(spends.shape)
    bounds[:, 0] = -ndtri(spends[:, 0])
    above = np.broadcast_to(ndtr(-EDGES), (len(levels), len(EDGES)))
    for look in range(1, len(looks.sizes)):
        above = _next(above, bounds[:, look - 1], looks.sizes[look - 1 : look + 1], two_sided)
        bounds[:, look] = [_quantile(row, spend) for row, spend in zip(above, spends[:, look], strict=True)]
    return np.where(bounds >= EDGES[-1], np.inf, bounds)


def crossing_probability(sizes: Sequence[int], critical: Sequence[float], two_sided: bool = True) -> np.ndarray:
    """The probability under the null that |t|, or t, has exceeded its critical value by each look (looks,).

    Args:
        sizes: number of differences at each look, increasing, at least 2.
        critical: critical values of t (looks,).
        two_sided: count |t|, else t.
    """
    bounds = z_of_t(np.array(critical, dtype=float), np.array(sizes))
    above, crossed = ndtr(-EDGES)[None], []
    for look, bound in enumerate(bounds):
        if look:
            above = _next(above, bounds[look - 1 : look], sizes[look - 1 : look + 1], two_sided)
        crossed.append(np.exp(np.interp(bound, EDGES, np.log(np.maximum(above[0], TAIL)))) if look else ndtr(-bound))
    return np.asarray(np.cumsum(crossed) * (2 if two_sided else 1))


def _next(above: np.ndarray, bounds: np.ndarray, sizes: Sequence[int], two_sided: bool) -> np.ndarray:
    """P(no boundary crossed before, z > edge) at the next look (levels, edges), from that at this look.

    Args:
        above: at this look.
        bounds: of this look (levels,).
        sizes: of this look and the next.
        two_sided: see `boundaries`.
    """
    return np.asarray(_open(above, bounds, two_sided) @ survival(sizes[0], sizes[1] - sizes[0]))


def _quantile(above: np.ndarray, probability: float) -> float:
    """The z above which lies `probability`, by linear interpolation of the logarithm; infinite if that is too small."""
    if probability <= above[-1] or probability < TAIL:
        return np.inf
    return float(np.interp(-np.log(probability), -np.log(np.maximum(above, TAIL)), EDGES))


def _open(above: np.ndarray, bounds: np.ndarray, two_sided: bool) -> np.ndarray:
    """The probability of each cell, without what has crossed a boundary (levels, cells).

    Of a cell that the boundary cuts, a part goes to its inner neighbor, so that the mean of z stays right.
    """
    mass = above[:, :-1] - above[:, 1:]
    rows, bounds = np.arange(len(mass)), np.clip(bounds, EDGES[1] + STEP, EDGES[-1])
    cut = np.minimum(np.searchsorted(EDGES, bounds, side="right"), len(EDGES) - 1) - 1
    inside = (bounds - EDGES[cut]) / STEP
    mass[np.arange(mass.shape[1]) > cut[:, None]] = 0
    left = mass[rows, cut] * inside
    mass[rows, cut] = left * (1 + inside) / 2
    mass[rows, cut - 1] += left * (1 - inside) / 2
    if two_sided:
        mass[:, : mass.shape[1] // 2] = mass[:, : mass.shape[1] // 2 - 1 : -1]
    return np.asarray(mass)
