"""Newton-Schulz against the singular value decomposition."""

import pytest
import torch

from ablate.optimizer.newton_schulz import orthogonalize


def test_newton_schulz_keeps_the_singular_vectors_and_equalizes_the_values():
    for shape in ((20, 50), (50, 20), (30, 30)):
        matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        u, _, vt = torch.linalg.svd(matrix, full_matrices=False)
        inner = u.T @ orthogonalize([matrix], 5)[0] @ vt.T
        values = inner.diagonal()
        assert (inner - values.diag()).abs().max() < 1e-4  # a function of the singular values alone
        large = torch.linalg.svdvals(matrix) > 0.1 * torch.linalg.svdvals(matrix)[0]
        assert (values[large] > 0.6).all() and (values < 1.3).all() and large.sum() > 15


@pytest.mark.parametrize("shape", [(16, 144), (144, 16), (30, 30)])
def test_newton_schulz_is_jordans_iteration(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    for steps in (1, 3, 5, 6, 10, 12):  # G is computed anew after five
        x = matrix.double() / matrix.double().norm()
        for _ in range(steps):
            x = 3.4445 * x - 4.7750 * x @ x.T @ x + 2.0315 * x @ x.T @ x @ x.T @ x
        assert (orthogonalize([matrix], steps)[0] - x).norm() < 1e-5 * x.norm()


def test_newton_schulz_stays_finite_for_a_matrix_of_low_rank():
    for steps in (5, 20):  # singular values 1, 0, 0, ...; rounding errors are in the zeros
        (out,) = orthogonalize([torch.outer(torch.arange(1.0, 65), torch.arange(1.0, 257))], steps)
        values = torch.linalg.svdvals(out)
        assert 0.6 < values[0] < 1.3 and (steps > 5 or values[1] < 0.01) and out.isfinite().all()
