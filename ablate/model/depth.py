"""The depth of each parameter in a network, for learning rates that decrease toward the input."""

from collections.abc import Iterator
from typing import Any

from torch import nn

CONTAINERS = (nn.Sequential, nn.ModuleList)


def depths(model: nn.Module) -> dict[str, int]:
    """Return the number of the layer of each parameter, from 0 at the input; the head has the largest.

    timm states the layers of its networks. Elsewhere, a layer is a child of the network or of a list of layers, also of
    nested lists, such as `conv1`, `layer1.0` and `fc`. A child without a matrix, such as a normalization,
    belongs to the layer before it, and what a module with children owns itself, such as position embeddings, to the
    first layer.
    """
    matcher: Any = getattr(model, "group_matcher", None)
    if matcher is not None:
        from timm.models import group_parameters

        return dict(group_parameters(model, matcher(coarse=False), reverse=True))
    numbers: dict[str, int] = {}
    number = -1
    for path, layer in _layers(model):
        names = [f"{path}.{name}" for name, _ in layer.named_parameters()]
        number = max(0, number + any(parameter.ndim > 1 for parameter in layer.parameters()))
        numbers |= dict.fromkeys(names, number)
    return {name: numbers.get(name, 0) for name, _ in model.named_parameters()}


def _layers(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield path and module of each layer that has parameters."""
    for name, child in module.named_children():
        path = f"{prefix}{name}"
        # A stem or an encoder with lists of layers is not a layer itself; a block with a list, such as a shortcut, is.
        holds_lists = not isinstance(module, CONTAINERS) and any(type(part) in CONTAINERS for part in child.modules())
        if type(child) in CONTAINERS or holds_lists:
            yield from _layers(child, f"{path}.")
        elif any(True for _ in child.parameters()):
            yield path, child
