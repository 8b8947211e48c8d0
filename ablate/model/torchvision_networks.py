"""The networks of torchvision: how to build one, and what its pretrained weights expect."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from ablate.model.arguments import check_name, check_options


def build(name: str, classes: int, channels: int, image_size: int, options: Mapping[str, Any]) -> nn.Module:
    """Build an untrained network; `name` is one of `torchvision.models.list_models(torchvision.models)`."""
    from ablate.backend.torchvision import torchvision

    models = torchvision.models
    check_name("torchvision", name, models.list_models(models))
    check_options(f"torchvision's {name}", models.get_model_builder(name), options)
    model = models.get_model(name, weights=None, num_classes=classes, **_sizes(name, image_size), **options)
    if channels != 3:
        path, first = first_convolution(model)
        model.set_submodule(path, with_channels(first, nn.Conv2d, channels))
    return model


def _sizes(name: str, image_size: int) -> dict[str, object]:
    """The arguments of a network that depend on the image size, or that turn off what a classifier does not need."""
    if name in ("googlenet", "inception_v3"):
        return {"aux_logits": False, "init_weights": True}
    if name.startswith("vit_"):
        return {"image_size": image_size}
    return {"input_size": (image_size, image_size)} if name.startswith("maxvit_") else {}


def first_convolution(model: nn.Module) -> tuple[str, nn.Conv2d]:
    """Path and layer of the first convolution."""
    return next((path, module) for path, module in model.named_modules() if isinstance(module, nn.Conv2d))


def with_channels(conv: nn.Conv2d, kind: type[nn.Conv2d], channels: int) -> nn.Conv2d:
    """Copy a convolution with another class or number of input channels; keep the weights if their shape fits."""
    names = ("out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode")
    shape: dict[str, Any] = {name: getattr(conv, name) for name in names}
    new = kind(channels, **shape, bias=conv.bias is not None)
    if channels == conv.in_channels:
        new.weight, new.bias = conv.weight, conv.bias
    return new
