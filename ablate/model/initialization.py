"""Where a network starts: each parameter's first value depends on (seed, its name, its shape) alone.

So a variant that changes one layer leaves all others as the baseline has them, and the two are paired.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ablate.backend import seeding


def initialised(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """The network of `build`, on the CPU, which is called twice; PyTorch's global generator is left as it was.

    A layer draws its first values before it knows its name. The first network shows which of its parameters each draw
    is for; the second is built with a stream of its own for each. A draw that is for no parameter, such as one that a
    parameter is computed from, has the stream of (its shape, how many such draws came before it).
    """
    with torch.random.fork_rng(devices=[]):
        drawn: list[Any] = []  # keeps what was drawn, so that its place in memory is not used again
        with _Draws(drawn.append):
            model = build()
        keys = _keys(model, drawn, seed)
        # Not torch.manual_seed, which would seed a GPU's generators too, for good.
        torch.default_generator.manual_seed(next(keys))
        with _Draws(lambda _: torch.default_generator.manual_seed(next(keys))):
            return build()


class _Draws(TorchFunctionMode):
    """Tells `drew` what a call gave that took random numbers from PyTorch's generator."""

    def __init__(self, drew: Callable[[Any], object]) -> None:
        self.drew = drew

    def __torch_function__(self, function, types, args=(), kwargs=None):
        before = torch.get_rng_state()
        result = function(*args, **(kwargs or {}))
        if not torch.equal(torch.get_rng_state(), before):
            self.drew(result)
        return result


def _keys(model: nn.Module, drawn: list[Any], seed: int) -> Iterator[int]:
    """What to seed each draw with, and at last what follows them: of whose values, of which shape, the how many-th."""
    names = {_place(value): name for name, value in (*model.named_parameters(), *model.named_buffers())}
    before: Counter[tuple[str, str]] = Counter()
    for result in drawn:
        tensor = isinstance(result, Tensor)
        words = (names.get(_place(result), ""), str(tuple(result.shape))) if tensor else ("", "")
        yield seeding.key(seed, "initialisation", *words, before[words])
        before[words] += 1
    yield seeding.key(seed, "initialisation")


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
