"""The Newton-Schulz iteration of Muon."""

import torch
from torch import Tensor

GRAM_STEPS = 5  # steps of the iteration per computation of the Gram matrix


def orthogonalize(matrix: Tensor, steps: int) -> Tensor:
    """Approximate U V^T of `matrix` = U S V^T by a Newton-Schulz iteration.

    A step is X <- (a + b G + c G^2) X with the Gram matrix G = X X^T. Its coefficients maximize the slope at 0, while
    singular values converge to a band of about 0.7 to 1.2 instead of to 1. All polynomials in the first G commute, so
    they are multiplied with each other first and with the wide X only once, which halves the work for typical filters.
    Rounding can make a zero eigenvalue of G negative, and each step multiplies its error by up to a^2. So this uses
    float32, and computes G again after `GRAM_STEPS` steps.

    Args:
        matrix: (rows, columns).
        steps: number of iterations.

    Returns:
        (rows, columns)

    Source: Jordan et al. (2024), "Muon".
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.mT if tall else matrix  # the smaller Gram matrix
    x = x / (x.norm() + 1e-7)  # the iteration converges for singular values up to 1
    for first in range(0, steps, GRAM_STEPS):
        last = min(first + GRAM_STEPS, steps) - 1
        gram, product = x @ x.mT, None
        for step in range(first, last + 1):
            polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
            polynomial.diagonal().add_(a)
            product = polynomial if product is None else polynomial @ product
            if step < last:
                gram = polynomial @ gram @ polynomial
        x = product @ x
    return x.mT if tall else x
