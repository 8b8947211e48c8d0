"""Pretrained weights of the networks of timm and torchvision (`model.weights`)."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from ablate.config.weights import DEFAULT
from ablate.config.weights import pretrained as named_by
from ablate.data.prepare import Inputs, Prepared
from ablate.files import bounded, tensors
from ablate.files.weights import read
from ablate.model import timm_networks, torchvision_networks
from ablate.model.build import fine_tuning
from ablate.model.finite import not_finite
from ablate.model.head import head
from ablate.model.torchvision_networks import first_convolution
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural, printable

log = logging.getLogger(__name__)
LIBRARIES: dict[str, Any] = {"timm_model": timm_networks, "torchvision_model": torchvision_networks}
COPIES = 4  # of the weights in a training checkpoint: with the state of Adam and an average
FURTHER = bounded.GIB  # bytes: a head of many classes
LARGER = 1000  # tensors
HEAD_STD = 0.01  # as in Goyal et al. 2017; the logits of timm's EfficientNet for few classes would start near 10
MISFITS = (AssertionError, AttributeError, KeyError, IndexError, RuntimeError, TypeError, ValueError)


def file(model: DictConfig) -> Path | None:
    """The file of a run's pretrained weights, downloaded if it must be; None for an untrained network.

    Raises:
        InputError: it is missing and cannot be downloaded.
    """
    weights = fine_tuning(model)["weights"]
    if weights is None:
        return None
    return named_by(weights) or library(model).default_file(model.name)


def default_sha256(model: DictConfig) -> str | None:
    """SHA-256 of the file of the library's weights; None for an untrained network, and for a file of the user."""
    if fine_tuning(model)["weights"] != DEFAULT or (path := file(model)) is None:
        return None
    with bounded.open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def library(model: DictConfig) -> Any:
    """The module about the library of model=timm or model=torchvision."""
    return LIBRARIES[str(model._target_).rpartition(".")[2]]


def load(model: nn.Module, config: DictConfig, data: Prepared | Inputs) -> None:
    """Load the pretrained weights of a configuration, if any, into its network.

    If the weights have another number of classes or no head, the head stays as it is, initialized from the seed, but
    scaled down to a standard deviation of at most 0.01. Everything else must fit. For grayscale images, the filters of
    the first layer are summed over the colors.

    Raises:
        InputError: the file is missing, damaged, or of another network.
    """
    path = file(config.model)
    if path is None:
        return
    target = model.state_dict()
    state = _read(path, target)
    names = head(model)
    classes = _classes(state, names) or len(data.classes)
    kept = _fill(config.model, path, state, target, names, data)
    _shrink(target[name] for name in kept)
    other_classes = classes != len(data.classes)
    log.info("pretrained weights: %s%s", path, f"; its {classes} classes get a new head" if other_classes else "")
    _compare_scaling(config.model, data)


def check(model: nn.Module, config: DictConfig, data: Prepared | Inputs) -> None:
    """Raise InputError as `load` does, and for a network without `model.weights=default`. Nothing is downloaded.

    Args:
        model: the network, which may be on the device `meta`; changed in place.
        config: its configuration.
        data: what it is built for.
    """
    weights = fine_tuning(config.model)["weights"]
    if weights is None:
        return
    if (path := named_by(weights)) is None:
        library(config.model).default_weights(config.model.name)
        return
    target = model.state_dict()
    device = next(iter(target.values())).device
    state = {name: value.to(device) for name, value in _read(path, target).items()}
    with device:
        _fill(config.model, path, state, target, head(model), data)


def _read(path: Path, target: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in a file, of limited size: that of the network's weights, `target`, a few times over."""
    size = sum(value.nbytes for value in target.values())
    state = read(path, tensors.Limit(COPIES * len(target) + LARGER, COPIES * size + FURTHER))
    if wrong := not_finite(state):
        raise InputError(
            f"model.weights={path} has weights that are NaN or infinite: {first_few(map(printable, wrong), 2)}. Use"
            " those of another epoch or run."
        )
    return state


def _fill(
    model: DictConfig,
    path: Path,
    state: dict[str, Tensor],
    target: Mapping[str, Tensor],
    head_names: set[str],
    data: Prepared | Inputs,
) -> set[str]:
    """Copy the weights `state` of a file to those of the network, `target`; return the names of those that are kept."""
    classes = _classes(state, head_names) or len(data.classes)
    without_head = not any(name in state for name in head_names)
    if without_head:
        state = state | {name: target[name] for name in head_names}
    with torch.random.fork_rng(devices=[]):
        pretrained = _network(model, path, state, target, classes, data)
    kept = head_names if classes != len(data.classes) or without_head else set()
    _copy(path, pretrained.state_dict(), {name: value for name, value in target.items() if name not in kept})
    return kept


def _shrink(head_parameters: Iterable[Tensor]) -> None:
    """Scale the weights of a new head, so that large first gradients do not undo what the other layers have learned."""
    for weight in head_parameters:
        if weight.ndim > 1 and (spread := float(weight.std())) > HEAD_STD:
            weight.mul_(HEAD_STD / spread)


def _classes(state: Mapping[str, Tensor], names: set[str]) -> int | None:
    """The number of classes of the weights in a file; None if they have no head."""
    sizes = {len(state[name]) for name in names if name in state and state[name].ndim}
    return sizes.pop() if len(sizes) == 1 else None


def _network(
    model: DictConfig,
    path: Path,
    state: dict[str, Tensor],
    target: Mapping[str, Tensor],
    classes: int,
    data: Prepared | Inputs,
) -> nn.Module:
    """The library's network with the weights, which the library converts to the run's channels and image size."""
    options: Any = OmegaConf.to_container(model.options, resolve=True)
    network = library(model)
    with torch.random.fork_rng(devices=[]):
        plain = network.build(model.name, classes, data.channels, data.image_size, options)
    convolution = f"{first_convolution(plain)[0]}.weight" if data.channels in (1, 3) else ""
    in_file = state[convolution].shape[1] if convolution in state and state[convolution].ndim == 4 else 3
    if in_file not in (3, data.channels):
        raise InputError(
            f"model.weights={path} is for images of {plural(in_file, 'channel')}, but these have {data.channels}. Use"
            " weights for color images, or for images like these."
        )
    try:
        return network.loaded(plain, model.name, classes, data.channels, in_file, data.image_size, options, state)
    except MISFITS as error:
        log.debug("%s", error, exc_info=True)
        raise InputError(_misfit(model, path, state, target)) from error


def _copy(path: Path, pretrained: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in target.items():
            if name not in pretrained or pretrained[name].shape != value.shape:
                raise InputError(f"model.weights={path} does not fit this network: {name} has another shape.")
            value.copy_(pretrained[name])


def _misfit(model: DictConfig, path: Path, state: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> str:
    """How the weights in a file differ from those of the network, in a sentence."""
    missing = [name for name in target if name not in state and not name.endswith("num_batches_tracked")]
    unknown = [name for name in state if name not in target]
    other = [
        f"{name} of {_size(state[name])} instead of {_size(target[name])}"
        for name in target
        if name in state and state[name].shape != target[name].shape
    ]
    kinds = [("missing", missing), ("unknown", unknown), ("of another shape", other)]
    counted = [
        f"{plural(len(names), 'tensor is', 'tensors are')} {kind} ({first_few(names, 2)})"
        for kind, names in kinds
        if names
    ]
    return (
        f"model.weights={path} is not for model.name={model.name}: {'; '.join(counted) or 'its tensors do not fit'}."
        " Use the model that the weights are from."
    )


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"


def _compare_scaling(model: DictConfig, data: Prepared | Inputs) -> None:
    """Log a hint if the images are not scaled as those that the library's weights were trained on."""
    expected = library(model).expected_input(model.name)
    differing = [
        key
        for key, values, ours in (("mean", expected.mean, data.mean), ("std", expected.std, data.std))
        if abs(sum(values) / len(values) - float(ours.mean())) > 0.01
    ]
    if differing:
        words = " ".join(f"'data.{key}=${{pretrained:{key}}}'" for key in differing)
        log.log(
            logging.WARNING if model.weights == DEFAULT else logging.INFO,
            "The images are scaled with data.mean=%s data.std=%s, but the library's weights of %s expect mean %s and"
            " std %s: %s.",
            *([round(value, 3) for value in values.tolist()] for values in (data.mean, data.std)),
            model.name,
            list(expected.mean),
            list(expected.std),
            words if data.channels == 3 else "set data.mean and data.std",
        )
