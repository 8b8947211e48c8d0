"""The networks of timm: how to build one, and what its pretrained weights expect."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from torch import nn

from ablate.model.arguments import check_name, check_options
from ablate.terminal.errors import InputError


def library() -> ModuleType:
    """The package timm; InputError if it is not installed."""
    from ablate.backend.torchvision import torchvision  # noqa: F401  (timm imports torchvision itself)

    try:
        import timm
    except ModuleNotFoundError as error:
        raise InputError("model=timm needs the package timm. Run: pip install 'hydra-ablate[timm]'") from error
    return timm


def build(name: str, classes: int, channels: int, image_size: int, options: Mapping[str, Any]) -> nn.Module:
    """Build an untrained network; `name` is one of `timm.list_models()`, or with a tag of `timm.list_pretrained()`."""
    timm = library()
    check_name("timm", name, timm.list_pretrained() if "." in name else timm.list_models())
    check_options(f"timm's {name}", timm.model_entrypoint(name.partition(".")[0]), options)
    sizes = {"img_size": image_size} if timm.get_pretrained_cfg_value(name, "fixed_input_size") else {}
    return timm.create_model(name, num_classes=classes, in_chans=channels, **sizes, **options)
