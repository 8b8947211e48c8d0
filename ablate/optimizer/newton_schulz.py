"""The Newton-Schulz iteration of Muon."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

GRAM_STEPS = 5  # steps of the iteration per computation of the Gram matrix


def orthogonalize(matrices: Sequence[Tensor], steps: int) -> list[Tensor]:
    """Approximate U V^T of each matrix U S V^T by a Newton-Schulz iteration.

    A step is X <- (a + b G + c G^2) X with the Gram matrix G = X X^T. Its coefficients maximize the slope at 0, while
    singular values converge to a band of about 0.7 to 1.2 instead of to 1. All polynomials in the first G commute, so
    they are multiplied with each other first and with the wide X only once, which halves the work for typical filters.
    Rounding can make a zero eigenvalue of G negative, and each step multiplies its error by up to a^2. So this uses
    float32, and computes G again after `GRAM_STEPS` steps. Gram matrices of one size are multiplied together, because a
    GPU spends longer on starting an operation than on the operation.

    Args:
        matrices: each (rows, columns).
        steps: number of iterations.

    Returns:
        One matrix (rows, columns) for each of `matrices`.

    Source: Jordan et al. (2024), "Muon".
    """
    wide = [matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix for matrix in matrices]  # small Gram matrices
    norms = torch._foreach_add(torch._foreach_norm(wide), 1e-7)
    wide = [x / norm for x, norm in zip(wide, norms, strict=True)]  # converges for singular values up to 1
    sizes = defaultdict(list)
    for position, x in enumerate(wide):
        sizes[len(x)].append(position)
    for first in range(0, steps, GRAM_STEPS):
        for positions in sizes.values():
            grams = torch.stack([wide[position] @ wide[position].mT for position in positions])
            products = _product(grams, min(GRAM_STEPS, steps - first))
            for position, product in zip(positions, products, strict=True):
                wide[position] = product @ wide[position]
    return [x.mT if x.shape != matrix.shape else x for x, matrix in zip(wide, matrices, strict=True)]


def _product(grams: Tensor, steps: int) -> Tensor:
    """The product of the polynomials of so many steps, for Gram matrices (n, rows, rows) of the first."""
    a, b, c = 3.4445, -4.7750, 2.0315
    product = None
    for step in range(steps):
        polynomial = torch.baddbmm(grams, grams, grams, beta=b, alpha=c)
        polynomial.diagonal(dim1=1, dim2=2).add_(a)
        product = polynomial if product is None else polynomial @ product
        if step < steps - 1:
            grams = polynomial @ grams @ polynomial
    assert product is not None  # the schema has ns_steps >= 1
    return product
