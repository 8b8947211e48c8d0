"""Find weights that are NaN or infinite."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor


def not_finite(weights: Mapping[str, Tensor]) -> list[str]:
    """Names of the tensors with a number that is NaN or infinite. Reads from the device once."""
    floating = {name: value for name, value in weights.items() if value.is_floating_point() and value.numel()}
    if not floating:
        return []
    sizes = torch.stack([size.float() for size in torch._foreach_norm(list(floating.values()), math.inf)])
    return [name for name, size in zip(floating, sizes.tolist(), strict=True) if not math.isfinite(size)]
