"""Untrained classifiers of torchvision and timm, with the normalization and activation of the run.

The library builds the model. Then its normalization layers, the convolutions directly before them, and its activation
modules are replaced. Gates (sigmoid, hard sigmoid) and attention are unchanged.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ablate.activation import Activation
from ablate.normalization import Normalization
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

# By class name, since timm has its own classes for some of them.
ACTIVATIONS = {
    *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "CELU", "SELU", "GELU", "GELUTanh", "QuickGELU", "SiLU", "Swish"),
    *("Mish", "HardMish", "Hardswish", "HardSwish"),
}
FUNCTIONS = {"relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "mish", "hardswish"}


def torchvision_model(
    name: str, classes: int, channels: int, image_size: int, normalization: Normalization, activation: Activation
) -> nn.Module:
    """A torchvision classifier; `name` is one of `torchvision.models.list_models(torchvision.models)`."""
    from ablate.backend.torchvision import torchvision

    models = torchvision.models
    _check_name("torchvision", name, models.list_models(models))
    options: dict[str, object] = {}
    if name in ("googlenet", "inception_v3"):
        options = {"aux_logits": False, "init_weights": True}
    elif name.startswith("vit_"):
        options = {"image_size": image_size}
    elif name.startswith("maxvit_"):
        options = {"input_size": (image_size, image_size)}

    def build() -> nn.Module:
        model = models.get_model(name, weights=None, num_classes=classes, **options)
        if channels != 3:
            path, first = next((path, m) for path, m in model.named_modules() if isinstance(m, nn.Conv2d))
            model.set_submodule(path, _like(first, nn.Conv2d, channels))
        return model

    return _adapt(f"torchvision's {name}", build, channels, image_size, normalization, activation)


def timm_model(
    name: str, classes: int, channels: int, image_size: int, normalization: Normalization, activation: Activation
) -> nn.Module:
    """A timm classifier; `name` is one of `timm.list_models()`."""
    from ablate.backend.torchvision import torchvision  # noqa: F401  (timm imports torchvision itself)

    try:
        import timm
    except ModuleNotFoundError as error:
        raise InputError("model=timm needs the package timm. Run: pip install 'hydra-ablate[timm]'") from error
    _check_name("timm", name, timm.list_models())
    fixed = timm.get_pretrained_cfg_value(name, "fixed_input_size")
    options: dict[str, Any] = {"img_size": image_size} if fixed else {}

    def build() -> nn.Module:
        return timm.create_model(name, num_classes=classes, in_chans=channels, **options)

    return _adapt(f"timm's {name}", build, channels, image_size, normalization, activation)


def _check_name(library: str, name: str, known: list[str]) -> None:
    if name not in known:
        meant = did_you_mean(name, known) or f" It has {len(known)} models, such as {known[0]}."
        raise InputError(f"model.name={name} is not a classifier of {library}.{meant}")


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
        normalization: repaths the normalization layers.
        activation: repaths the activation modules.

    Raises:
        InputError: a layer cannot be replaced, or the model does not accept the image.
    """
    try:
        model = build()
        _normalize(title, model, normalization)
        paths = [path for path, module in model.named_modules() if type(module).__name__ in ACTIVATIONS]
        _set(model, paths, nn.Identity)
        image = torch.zeros(1, channels, image_size, image_size, device=next(model.parameters()).device)
        fixed = _functions(model, image) - _functions(activation(), image)
        _set(model, paths, activation)
        _disable_inplace_dropout(model)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"{title} cannot be built for images of {channels}x{image_size}x{image_size}: {_first_line(error)}. "
            f"Use another model.name or another image size."
        ) from error
    if fixed:
        raise InputError(
            f"{title} calls {', '.join(sorted(fixed))} as a function, which activation= cannot replace. "
            f"Use activation={min(fixed)} or another model.name."
        )
    return model


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
        if following in norms and isinstance(module, nn.Conv2d) and normalization.conv is not nn.Conv2d:
            if type(module) is not nn.Conv2d:
                raise InputError(
                    f"{title} has a {type(module).__name__}, which normalization= cannot standardize. "
                    f"Use normalization=group or another model.name."
                )
            model.set_submodule(path, _like(module, normalization.conv, module.in_channels))
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


def _like(conv: nn.Conv2d, kind: type[nn.Conv2d], channels: int) -> nn.Conv2d:
    """Copy a convolution with another class or number of input channels; keep the weights if their shape fits."""
    names = ("out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode")
    shape: dict[str, Any] = {name: getattr(conv, name) for name in names}
    new = kind(channels, **shape, bias=conv.bias is not None)
    if channels == conv.in_channels:
        new.weight, new.bias = conv.weight, conv.bias
    return new


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
