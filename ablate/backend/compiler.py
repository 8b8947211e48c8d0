"""torch.compile with reproducible results. Its frontend is imported only where needed: that takes over a second."""

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

import torch
from torch import nn


def compiled(model: nn.Module) -> Callable[..., Any]:
    """Compile the model separately for each batch size, independent of earlier compilations in this process.

    By default, PyTorch switches to dynamic shapes at the second batch size and reuses what it compiled before. The
    generated code, and so the last bits of a result, would then depend on earlier runs in the same process and on where
    a run was interrupted.
    """
    torch.compiler.reset()
    return torch.compile(model, dynamic=False)


def remove_compiler_wrappers(kind: type) -> None:
    """Remove the wrappers of methods of a class that import `torch._dynamo` at the first call. Cannot be undone.

    PyTorch adds these wrappers so that its compiler skips the methods. They are not needed here, since only models are
    compiled, and models call none of these methods. Other wrappers are left unchanged.
    """
    for name, method in list(vars(kind).items()):
        if isinstance(method, FunctionType) and hasattr(method, "__wrapped__"):
            wrapper = (method.__globals__["__name__"], method.__code__.co_name)
            if wrapper in _REPLACED:
                setattr(kind, name, _REPLACED[wrapper](method.__wrapped__))


def _with_grad_mode(step: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap an optimizer's step so that it records gradients only if the optimizer is `differentiable`."""

    @wraps(step)
    def wrapped(self: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *args, **kwargs)

    return wrapped


# Module and name of a wrapper -> its replacement.
_REPLACED: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("torch._compile", "inner"): lambda method: method,
    ("torch.optim.optimizer", "_use_grad"): _with_grad_mode,
}
