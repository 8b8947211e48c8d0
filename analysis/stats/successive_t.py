"""The null distribution of the cumulative one-sample t at successive looks.

Let R = sum(d) / sqrt(n sum(d^2)), a monotone function of t. For normal differences d with mean 0, the values of R so
far are independent of sum(d^2) (Basu's theorem), so that R is a Markov chain of one dimension, whatever the standard
deviation. With Q = sum(d^2) at the earlier look, the m new differences enter by two independent parts: their sum
a sqrt(m) and their sum of squares around its mean, V. (Q, a^2, V) has the direction of a uniform vector on a sphere:
a / sqrt(Q) = tan(phi) with density proportional to cos(phi)^(n - 1), V / (Q + a^2 + V) = sin(psi)^2, and

    R' = A cos(psi) cos(phi - phi_0), A^2 = (n R^2 + m) / (n + m), tan(phi_0) = sqrt(m / n) / R.

Looks are described by z, the normal quantile of t: standard normal at each look.
"""

from functools import lru_cache

import numpy as np
from scipy.special import betaln, ndtr, ndtri, stdtr, stdtrit, xlogy

EDGE, STEP = 8.0, 0.05  # |z| up to EDGE in cells of STEP; P(z > 8) = 6e-16
EDGES = np.linspace(-EDGE, EDGE, 2 * round(EDGE / STEP) + 1)
ANGLES = 2**15  # intervals of the tabulated distribution of phi
FINE = {1: 12, 2: 6}  # parts of a cell by the number of new differences: few make kinks
TAIL = 1e-300  # probabilities below it have no quantile in floating point


def z_of_t(t: np.ndarray, n: np.ndarray | int) -> np.ndarray:
    """Normal quantile of Student's t with n - 1 degrees of freedom; NaN where t is."""
    return np.asarray(-np.sign(t) * ndtri(np.maximum(stdtr(np.asarray(n) - 1, -abs(np.asarray(t))), TAIL)))


def t_of_z(z: np.ndarray, n: np.ndarray | int) -> np.ndarray:
    """Student's t with n - 1 degrees of freedom that has the normal quantile z; infinite where z is."""
    z = np.asarray(z, dtype=float)
    return np.where(np.isinf(z), z, -np.sign(z) * stdtrit(np.asarray(n) - 1, ndtr(-abs(z))))


@lru_cache(maxsize=64)
def survival(n: int, m: int) -> np.ndarray:
    """P(z at n + m > edge | z at n in a cell) under the null.

    Args:
        n: differences at the earlier look, at least 2.
        m: new differences, at least 1.

    Returns:
        (cells, cells + 1): the cells between EDGES, and the EDGES. Within a cell, z is as a normal z is.
    """
    parts = FINE.get(m, 1)
    edges = np.linspace(-EDGE, EDGE, parts * (len(EDGES) - 1) + 1)
    rows = _within_cells(_survival_at((edges[1:] + edges[:-1]) / 2, n, m), edges)
    mass = np.maximum(np.diff(ndtr(-abs(edges))) * np.where(edges[1:] > 0, -1, 1), TAIL).reshape(-1, parts)
    weights = mass / mass.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("cp,cpe->ce", weights, rows.reshape(len(weights), parts, -1)))


def _within_cells(rows: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Replace the values at the midpoints of cells (cells, ...) by normal means over the cells, to second order."""
    step = edges[1] - edges[0]
    z = ((edges[1:] + edges[:-1]) / 2)[1:-1, None]
    slope, curvature = rows[2:] - rows[:-2], rows[2:] - 2 * rows[1:-1] + rows[:-2]
    means = rows.copy()
    means[1:-1] += (curvature - z * step * slope) / 24
    return means


def _survival_at(z: np.ndarray, n: int, m: int) -> np.ndarray:
    """P(z' > edge | z) for each z (rows) and each of EDGES (columns)."""
    r, targets = _r(z, n)[:, None], _r(EDGES[len(EDGES) // 2 :], n + m)  # from the edge 0 up
    largest, phi_0 = np.sqrt((n * r**2 + m) / (n + m)), np.arctan2(np.sqrt(m), np.sqrt(n) * r)
    ratio = np.minimum(targets / largest, 1)
    if m == 1:
        above = _phi_within(n, phi_0, np.arccos(ratio))
    else:
        above, most = np.zeros_like(ratio), np.arccos(ratio)
        nodes, weights = np.polynomial.legendre.leggauss(int(12 + 3 * np.sqrt(n + m)))
        constant = np.log(np.pi / 2) - betaln((m - 1) / 2, (n + 1) / 2)
        for u, weight in zip((nodes + 1) * np.pi / 4, weights, strict=True):
            psi = most * np.sin(u)  # above `most`, R' cannot reach the target
            density = np.exp(constant + xlogy(m - 2, np.sin(psi)) + n * np.log(np.cos(psi)))
            within = _phi_within(n, phi_0, np.arccos(np.minimum(ratio / np.cos(psi), 1)))
            above += weight * np.cos(u) * most * density * within
    return np.hstack([1 - above[::-1, :0:-1], above])  # P(z' < -e | z) = P(z' > e | -z)


def _r(z: np.ndarray, n: int) -> np.ndarray:
    """R at the normal quantile z of t."""
    t = t_of_z(z, n)
    return np.asarray(t / np.sqrt(n - 1 + t**2))


def _phi_within(n: int, center: np.ndarray, width: np.ndarray) -> np.ndarray:
    """P(|phi - center| < width)."""
    angles, below = _phi(n)
    return np.asarray(np.interp(center + width, angles, below) - np.interp(center - width, angles, below))


@lru_cache(maxsize=4)
def _phi(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The distribution function of phi, tabulated: sqrt(n) tan(phi) is Student's t with n degrees of freedom."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, ANGLES + 1)
    return angles, np.concatenate([[0], stdtr(n, np.sqrt(n) * np.tan(angles[1:-1])), [1]])
