"""The networks of timm: how to build one, and what its pretrained weights expect."""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from ablate.model.download import cached_by_pytorch, download
from ablate.model.input_format import InputFormat
from ablate.model.library_checks import check_name, check_options
from ablate.terminal.errors import InputError


def library() -> ModuleType:
    """The package timm; InputError if it is not installed."""
    from ablate.backend.torchvision import torchvision  # noqa: F401  (timm imports torchvision itself)

    try:
        import timm
    except ModuleNotFoundError as error:
        raise InputError("model=timm needs the package timm. Run: pip install 'hydra-ablate[timm]'") from error
    logging.getLogger("timm").setLevel(logging.ERROR)  # what it does not load is an error here
    return timm


def build(name: str, classes: int, channels: int, image_size: int, options: Mapping[str, Any]) -> nn.Module:
    """Build an untrained network; `name` is one of `timm.list_models()`, or with a tag of `timm.list_pretrained()`."""
    timm = library()
    check_name("timm", name, timm.list_pretrained() if "." in name else timm.list_models())
    check_options(f"timm's {name}", timm.model_entrypoint(name.partition(".")[0]), options)
    return timm.create_model(name, num_classes=classes, in_chans=channels, **_sizes(name, image_size), **options)


def _sizes(name: str, image_size: int) -> dict[str, int]:
    return {"img_size": image_size} if library().get_pretrained_cfg_value(name, "fixed_input_size") else {}


def loaded(
    network: nn.Module,
    name: str,
    classes: int,
    channels: int,
    channels_in_file: int,
    image_size: int,
    options: Mapping[str, Any],
    state: Mapping[str, Tensor],
) -> nn.Module:
    """The network with pretrained weights, converted by timm to the channels and the image size.

    Args:
        network: the untrained one, which timm builds again.
        name: of the network.
        classes: of the weights.
        channels: of the images.
        channels_in_file: of the images that the weights are for.
        image_size: height and width, in pixels.
        options: further arguments of the network.
        state: the weights, by name.

    Raises:
        Exception: of many kinds, if a weight is missing, unknown or of another shape.
    """
    timm = library()
    size = (timm.get_pretrained_cfg_value(name, "input_size") or (3, image_size, image_size))[1:]
    source = {"state_dict": dict(state), "input_size": (channels_in_file, *size), "num_classes": classes}
    return timm.create_model(
        name,
        pretrained=True,
        pretrained_cfg_overlay={**source, "label_offset": 0, "custom_load": False},
        num_classes=classes,
        in_chans=channels,
        **_sizes(name, image_size),
        **options,
    )


def expected_input(name: str) -> InputFormat:
    """What timm's weights of a network expect."""
    timm = library()
    check_name("timm", name, timm.list_pretrained() if "." in name else timm.list_models())
    config = timm.get_pretrained_cfg(name)
    return InputFormat(tuple(config.mean), tuple(config.std), config.input_size[-1])


def default_weights(name: str) -> Any:
    """timm's description of its weights of a network; InputError if it has none."""
    timm = library()
    check_name("timm", name, timm.list_pretrained() if "." in name else timm.list_models())
    config = timm.get_pretrained_cfg(name)
    if not config.hf_hub_id and not config.url:
        raise InputError(
            f"model.weights=default: timm has no pretrained weights of {name}. Set model.weights to a file."
        )
    return config


def default_file(name: str) -> Path:
    """The file of timm's weights of a network, from the cache of Hugging Face or of PyTorch, or downloaded."""
    config = default_weights(name)
    if not config.hf_hub_id:
        return cached_by_pytorch(name, config.url)
    from huggingface_hub import hf_hub_download, hf_hub_url, try_to_load_from_cache

    file = config.hf_hub_filename or "model.safetensors"
    cached = try_to_load_from_cache(config.hf_hub_id, file)
    url = hf_hub_url(config.hf_hub_id, file)
    if isinstance(cached, str):
        return Path(cached)
    return download(name, url, lambda: hf_hub_download(config.hf_hub_id, file))
