"""Untrained classifiers of torchvision and timm, with the normalization and activation of the run.

The library builds the model. Then its normalization layers, the convolutions directly before them, and its activation
modules are replaced, unless they are `native`. Gates (sigmoid, hard sigmoid) and attention are unchanged.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ablate.activation import Activation, Native
from ablate.backend.convolution import Conv2d
from ablate.model import timm_networks, torchvision_networks
from ablate.model.torchvision_networks import with_channels
from ablate.normalization import Normalization
from ablate.terminal.errors import InputError

# By class name, since timm has its own classes for some of them.
ACTIVATIONS = {
    *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "CELU", "SELU", "GELU", "GELUTanh", "QuickGELU", "SiLU", "Swish"),
    *("Mish", "HardMish", "Hardswish", "HardSwish"),
}
FUNCTIONS = {"relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "mish", "hardswish"}


def torchvision_model(
    name: str,
    classes: int,
    channels: int,
    image_size: int,
    normalization: Normalization,
    activation: Activation,
    options: Mapping[str, Any] | None = None,
) -> nn.Module:
    """A torchvision classifier; `name` is one of `torchvision.models.list_models(torchvision.models)`."""
    build = partial(torchvision_networks.build, name, classes, channels, image_size, _plain(options))
    return _adapt(f"torchvision's {name}", build, channels, image_size, normalization, activation)


def timm_model(
    name: str,
    classes: int,
    channels: int,
    image_size: int,
    normalization: Normalization,
    activation: Activation,
    options: Mapping[str, Any] | None = None,
) -> nn.Module:
    """A timm classifier; `name` is one of `timm.list_models()`."""
    build = partial(timm_networks.build, name, classes, channels, image_size, _plain(options))
    return _adapt(f"timm's {name}", build, channels, image_size, normalization, activation)


def _plain(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """`model.options` as plain values; Hydra passes a configuration."""
    plain: Any = OmegaConf.to_container(OmegaConf.create(dict(options or {})), resolve=True)
    return plain


def _adapt(
    title: str,
    build: Callable[[], nn.Module],
    channels: int,
    image_size: int,
    normalization: Normalization,
    activation: Activation,
) -> nn.Module:
    """Build a model, replace its layers, and check that it accepts an image of this shape.

    Args:
        title: name of the model, for messages.
        build: builds the original model.
        channels: channels of an image.
        image_size: height and width of an image, in pixels.
        normalization: replaces the normalization layers.
        activation: replaces the activation modules.

    Raises:
        InputError: a layer cannot be replaced, or the model does not accept the image.
    """
    try:
        model = build()
        if not normalization.native:
            _normalize(title, model, normalization)
        image = torch.zeros(1, channels, image_size, image_size, device=next(model.parameters()).device)
        fixed = _replace_activations(model, activation, image)
    except (AssertionError, AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"{title} cannot be built for images of {channels}x{image_size}x{image_size}: {_first_line(error)}. "
            f"Use another model.name, other model.options or another image size."
        ) from error
    if fixed:
        raise InputError(
            f"{title} calls {', '.join(sorted(fixed))} as a function, which activation= cannot replace. "
            f"Use activation={min(fixed)} or another model.name."
        )
    return model


def _replace_activations(model: nn.Module, activation: Activation, image: Tensor) -> set[str]:
    """Replace the activation modules, and return the names of other activations that the model calls as functions."""
    if activation is Native:
        _functions(model, image)  # the model accepts the image
        return set()
    paths = [path for path, module in model.named_modules() if type(module).__name__ in ACTIVATIONS]
    _set(model, paths, nn.Identity)
    fixed = _functions(model, image) - _functions(activation(), image)
    _set(model, paths, activation)
    _disable_inplace_dropout(model)
    return fixed


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".!")


def _set(model: nn.Module, paths: Iterable[str], factory: Callable[[], nn.Module]) -> None:
    for path in paths:
        model.set_submodule(path, factory())


def _disable_inplace_dropout(model: nn.Module) -> None:
    """Make dropout keep its input, which another activation may need to compute its gradient."""
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.inplace = False


def _normalize(title: str, model: nn.Module, normalization: Normalization) -> None:
    """Replace the normalization layers and the convolutions directly before them."""
    leaves = [(path, module) for path, module in model.named_modules() if path and _is_leaf(module)]
    norms = {path: module for path, module in leaves if "Norm" in type(module).__name__}
    if not norms and normalization.shifts:
        raise InputError(
            f"{title} has no normalization layer to replace. Use normalization=none or another model.name."
        )
    for (path, module), (following, _) in pairwise(leaves):
        if following in norms and isinstance(module, nn.Conv2d) and normalization.conv is not Conv2d:
            if type(module) is not nn.Conv2d:
                raise InputError(
                    f"{title} has a {type(module).__name__}, which normalization= cannot standardize. "
                    f"Use normalization=group or another model.name."
                )
            model.set_submodule(path, with_channels(module, normalization.conv, module.in_channels))
    for path, norm in norms.items():
        model.set_submodule(path, _norm_like(title, norm, normalization))


def _is_leaf(module: nn.Module) -> bool:
    # A timm norm that contains an activation counts as one layer, like a module without children.
    return ("Norm" in type(module).__name__ and hasattr(module, "weight")) or not any(module.children())


def _norm_like(title: str, norm: nn.Module, normalization: Normalization) -> nn.Module:
    """Create the layer that replaces `norm`, which normalizes feature maps, vectors or tokens (channels last)."""
    match norm:
        case nn.BatchNorm2d():
            layer = normalization.maps(norm.num_features)
        case nn.BatchNorm1d():
            layer = normalization.vectors(norm.num_features)
        case nn.GroupNorm():
            layer = normalization.maps(norm.num_channels)
        case nn.LayerNorm() if "2d" in type(norm).__name__:
            layer = normalization.maps(norm.normalized_shape[0])
        case nn.LayerNorm() if len(norm.normalized_shape) == 1:
            layer = normalization.tokens(norm.normalized_shape[0])
        case _:
            raise InputError(
                f"{title} has a {type(norm).__name__}, which normalization= cannot replace. Use another model.name."
            )
    children = [getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)]  # of timm's BatchNormAct2d
    return nn.Sequential(layer, *children) if children else layer


class _Recorder(TorchFunctionMode):
    """Records which of `FUNCTIONS` are called."""

    def __init__(self) -> None:
        self.called: set[str] = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "").rstrip("_")
        if name in FUNCTIONS:
            self.called.add(name)
        return function(*args, **(kwargs or {}))


@torch.no_grad()
def _functions(module: nn.Module, image: Tensor) -> set[str]:
    """Return the names of the activation functions that `module` calls. Evaluation mode draws no random number."""
    module.eval()
    with _Recorder() as recorder:
        module(image)
    module.train()
    return recorder.called
