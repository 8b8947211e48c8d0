"""Which weights are NaN or infinite."""

import math

import pytest
import torch

from ablate.model.finite import not_finite


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_tensor_with_one_such_number_is_named(dtype, value):
    weights = {name: torch.ones(3, 5, dtype=dtype) for name in "abc"} | {"count": torch.tensor(7)}
    assert not_finite(weights) == []
    weights["b"][2, 1] = value
    assert not_finite(weights) == ["b"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_largest_numbers_are_finite(dtype):
    """Their squares and sums are not."""
    weights = {"a": torch.full((4, 4), torch.finfo(dtype).max, dtype=dtype), "b": torch.zeros(0, dtype=dtype)}
    assert not_finite(weights) == []
    weights["a"][0, 0] = -math.inf
    assert not_finite(weights) == ["a"]
