"""torch.compile, the same in every process; its front end is imported only where it is used: it takes over a second."""

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

import torch
from torch import nn


def compiled(model: nn.Module) -> Callable[..., Any]:
    """The model, compiled for each size of a batch apart, as if it were the first that this process compiles.

    PyTorch's compiler takes a second size for a sign that there will be many, and what it compiled before for a sign of
    what comes: the code, and by it the last bits, would depend on the runs before and on where a run was cut off.
    """
    torch.compiler.reset()
    return torch.compile(model, dynamic=False)


def keep_out(kind: type) -> None:
    """Undo, for good, what makes methods of `kind` import `torch._dynamo` at their first call.

    PyTorch wraps them so that no compiler goes into them. Here only models are compiled, which call none of them.
    Methods that are not wrapped in a way known here are left as they are.
    """
    for name, method in list(vars(kind).items()):
        if isinstance(method, FunctionType) and hasattr(method, "__wrapped__"):
            wrapper = (method.__globals__["__name__"], method.__code__.co_name)
            if wrapper in _REPLACED:
                setattr(kind, name, _REPLACED[wrapper](method.__wrapped__))


def _differentiable(step: Callable[..., Any]) -> Callable[..., Any]:
    """An optimiser's step with gradients only if it was asked for them."""

    @wraps(step)
    def stepped(self: torch.optim.Optimizer, *given: Any, **named: Any) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *given, **named)

    return stepped


# Module and name of a wrapper -> what stands in its place.
_REPLACED: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("torch._compile", "inner"): lambda method: method,
    ("torch.optim.optimizer", "_use_grad"): _differentiable,
}
