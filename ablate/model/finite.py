"""Find weights that are NaN or infinite."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor


def not_finite(weights: Mapping[str, Tensor]) -> list[str]:
    """Names of the tensors with a number that is NaN or infinite. Reads from the device once if there is none."""
    floating = {name: value for name, value in weights.items() if value.is_floating_point() and value.numel()}
    if not floating:
        return []
    if all(math.isfinite(norm) for norm in _norms(floating, 2)):  # on the CPU 15 times as fast as the largest number
        return []
    largest = _norms(floating, math.inf)  # cannot overflow
    return [name for name, size in zip(floating, largest, strict=True) if not math.isfinite(size)]


def _norms(weights: Mapping[str, Tensor], order: float) -> list[float]:
    norms = torch._foreach_norm(list(weights.values()), order)
    return torch.stack([norm.float() for norm in norms]).tolist()
