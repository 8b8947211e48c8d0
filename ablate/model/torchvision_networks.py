"""The networks of torchvision: how to build one, and what its pretrained weights expect."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ablate.model.download import cached_by_pytorch
from ablate.model.input_format import InputFormat
from ablate.model.library_checks import check_name, check_options
from ablate.terminal.errors import InputError


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
    """The network with pretrained weights, converted to the channels and the image size.

    See `timm_networks.loaded` for the arguments.

    Raises:
        Exception: of many kinds, if a weight is missing, unknown or of another shape.
    """
    if name in ("googlenet", "inception_v3") and not options.get("transform_input"):
        raise InputError(
            f"torchvision's weights of {name} expect that the network rescales its input. Add"
            " model.options={transform_input: true}."
        )
    # Names of torchvision's own files: those of DenseNet are older than its code; other heads are only for training.
    weights = {re.sub(r"(denselayer\d+\.(?:norm|conv))\.(?=[12]\.)", r"\1", key): value for key, value in state.items()}
    weights = {key: value for key, value in weights.items() if not key.startswith(("aux1.", "aux2.", "AuxLogits."))}
    first = f"{first_convolution(network)[0]}.weight"
    if channels == 1 and channels_in_file == 3:
        weights[first] = weights[first].sum(1, keepdim=True)
    positions = "encoder.pos_embedding"
    if positions in weights and weights[positions].shape != network.state_dict()[positions].shape:
        from torchvision.models.vision_transformer import interpolate_embeddings

        weights = interpolate_embeddings(image_size, int(network.patch_size), OrderedDict(weights))  # type: ignore[arg-type]
    network.load_state_dict(weights)
    return network


def expected_input(name: str) -> InputFormat:
    """What torchvision's weights of a network expect."""
    preset = default_weights(name).transforms()
    return InputFormat(tuple(preset.mean), tuple(preset.std), preset.crop_size[0])


def default_file(name: str) -> Path:
    """The file of torchvision's weights of a network, from the cache of PyTorch or downloaded."""
    return cached_by_pytorch(name, default_weights(name).url)


def default_weights(name: str) -> Any:
    """torchvision's description of its weights of a network; InputError if it has none."""
    from ablate.backend.torchvision import torchvision

    models = torchvision.models
    check_name("torchvision", name, models.list_models(models))
    weights: Any = models.get_model_weights(name)
    if not len(weights):
        raise InputError(f"torchvision has no pretrained weights of {name}. Set model.weights to a file.")
    return weights.DEFAULT


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
