"""Initialization of a network: each parameter's initial value depends only on the seed, its name and its shape.

A variant that changes one layer therefore starts with the same weights as the baseline in all other layers, so that the
two are paired.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ablate.backend import seeding

STREAM = "initialisation"  # never change the spelling: the weights of every seed depend on it


def initialize(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a network on the CPU with a separate random stream for each parameter.

    A layer draws its initial values before it has a name in the network. So the network is built twice: the first pass
    records which parameter each draw is for, the second seeds each draw with the name and shape of its parameter. A
    draw that is not itself a parameter, such as the matrix that an orthogonal one is computed from, is seeded with its
    shape and the number of such draws before it.

    Args:
        build: builds the network; called twice.
        seed: the seed of the run.

    Returns:
        The network. PyTorch's global generator is unchanged.
    """
    with torch.random.fork_rng(devices=[]):
        drawn: list[Any] = []  # keeps every drawn tensor alive, so that no two have the same address
        with _Draws(drawn.append):
            model = build()
        keys = _keys(model, drawn, seed)
        # Not torch.manual_seed, which would also seed the generators of a GPU, permanently.
        torch.default_generator.manual_seed(next(keys))
        with _Draws(lambda _: torch.default_generator.manual_seed(next(keys))):
            return build()


class _Draws(TorchFunctionMode):
    """Calls `on_draw` with the result of each function that took random numbers from PyTorch's generator."""

    def __init__(self, on_draw: Callable[[Any], object]) -> None:
        self.on_draw = on_draw

    def __torch_function__(self, function, types, args=(), kwargs=None):
        before = torch.get_rng_state()
        result = function(*args, **(kwargs or {}))
        if not torch.equal(torch.get_rng_state(), before):
            self.on_draw(result)
        return result


def _keys(model: nn.Module, drawn: list[Any], seed: int) -> Iterator[int]:
    """Yield a seed for each draw, from its parameter's name, its shape and the number of equal draws before it.

    The last seed is for all draws that follow.
    """
    names = {_address(value): name for name, value in (*model.named_parameters(), *model.named_buffers())}
    before: Counter[tuple[str, str]] = Counter()
    for result in drawn:
        is_tensor = isinstance(result, Tensor)
        words = (names.get(_address(result), ""), str(tuple(result.shape))) if is_tensor else ("", "")
        yield seeding.key(seed, STREAM, *words, before[words])
        before[words] += 1
    yield seeding.key(seed, STREAM)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
