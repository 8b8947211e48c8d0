"""From the `data` group of a configuration to the images a run trains and validates on."""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ablate.config.schema import DataSettings
from ablate.data.images import Images, Part, batched
from ablate.data.split import split
from ablate.data.streamed import Pixels
from ablate.terminal.errors import InputError


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a network takes and tells apart: all that it is built from, and its images are scaled by.

    classes                 names of the classes
    channels, image_size    of an image; height and width in pixels
    mean, std               float32 (C,), subtracted from pixels scaled to [0, 1], and dividing them then
    """

    classes: tuple[str, ...]
    channels: int
    image_size: int
    mean: Tensor
    std: Tensor

    def as_record(self) -> dict[str, Any]:
        """What run.json says of it, from which `recorded` makes it again."""
        sizes = {"channels": self.channels, "image_size": self.image_size}
        return {
            "classes": list(self.classes),
            "inputs": {**sizes, "mean": self.mean.tolist(), "std": self.std.tolist()},
        }


@dataclass(frozen=True, eq=False)
class Prepared:
    """Images ready for training; the test images are not among them.

    train, val              the two parts of the source's training images
    train_index, val_index  which of those they are, int64 (N,)
    source                  how many those are
    mean, std               float32 (C,), subtracted from pixels scaled to [0, 1], and dividing them then
    sha256                  of the bytes of all the source's training images, then of their labels
    """

    train: Images
    val: Images
    train_index: np.ndarray
    val_index: np.ndarray
    source: int
    mean: Tensor
    std: Tensor
    sha256: str

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.train.classes

    @property
    def channels(self) -> int:
        """Channels of an image."""
        return self.train.images.shape[1]

    @property
    def image_size(self) -> int:
        """Height and width of an image, in pixels."""
        return self.train.images.shape[2]

    @property
    def inputs(self) -> Inputs:
        """What a network for these images takes."""
        return Inputs(self.classes, self.channels, self.image_size, self.mean, self.std)


def prepare(cfg_data: DictConfig) -> Prepared:
    """Load the source's training images, split them, and settle the normalization of pixels.

    What was prepared last is kept until `forget`: the runs of a study share it, and none writes to it.

    Raises InputError for data that cannot be loaded or split, or that `data.mean` and `data.std` do not fit.
    """
    return _prepare(OmegaConf.to_yaml(cfg_data, resolve=True))


def forget() -> None:
    """Prepare anew what is asked for from now on, by who looks at files that may have changed."""
    _prepare.cache_clear()


@lru_cache(maxsize=2)
def _prepare(settings: str) -> Prepared:
    cfg_data = OmegaConf.create(settings)
    assert isinstance(cfg_data, DictConfig)
    source = _load(cfg_data, "train")
    train_index, val_index = split(source, cfg_data.val_fraction, cfg_data.split_seed, cfg_data.train_limit)
    train = source.subset(train_index)
    mean, std = _mean_and_std(train, cfg_data.mean, cfg_data.std)
    return Prepared(
        train, source.subset(val_index), train_index, val_index, len(source.images), mean, std, source.sha256()
    )


def load_test(cfg_data: DictConfig) -> Images:
    """The source's test images. The only way to them; raises NoTestImages if there are none."""
    return _load(cfg_data, "test")


def _load(cfg_data: DictConfig, part: Part) -> Images:
    """Call the option's `_target_` with the keys of its own, those that are not common to all data."""
    from hydra.utils import instantiate

    common = {field.name for field in dataclasses.fields(DataSettings)}
    settings: dict[Any, Any] = OmegaConf.to_container(cfg_data, resolve=True)  # type: ignore[assignment]
    own = {key: value for key, value in settings.items() if key not in common}
    # As a partial, called here: Hydra would wrap the source's own errors.
    images = instantiate({"_target_": cfg_data._target_, **own}, part=part, _partial_=True)()
    if images.images.shape[2] != images.images.shape[3]:
        raise InputError(
            f"Images must be square, but those of {cfg_data._target_} are {tuple(images.images.shape[2:])}."
        )
    return images


def _mean_and_std(train: Images, mean: list[float] | None, std: list[float] | None) -> tuple[Tensor, Tensor]:
    """Both as float32 (C,); those that are not given are the training images' own, per channel."""
    own_mean, own_std = moments(train.images) if mean is None or std is None else (mean, std)
    if std is None and min(own_std) == 0:
        raise InputError("All training images have one and the same value in a channel. Set data.std to divide it by.")
    channels = train.images.shape[1]
    return (
        _per_channel("data.mean", own_mean if mean is None else mean, channels),
        _per_channel("data.std", own_std if std is None else std, channels),
    )


def moments(images: Pixels) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel of uint8 (N, C, H, W), in units of 255, exact: from histograms."""
    values = torch.arange(256, dtype=torch.float64) / 255
    counts = torch.zeros(images.shape[1], 256, dtype=torch.int64)
    for batch in batched(images):
        for channel, seen in zip(batch.unbind(1), counts, strict=True):
            seen += torch.bincount(channel.flatten(), minlength=256)
    means, stds = [], []
    for seen in counts:
        share = seen.double() / seen.sum()
        mean = (share * values).sum()
        means.append(mean.item())
        stds.append((share * (values - mean) ** 2).sum().sqrt().item())
    return means, stds


def _per_channel(key: str, values: list[float], channels: int) -> Tensor:
    if len(values) not in (1, channels):
        raise InputError(
            f"{key} has {len(values)} values, but the images have {channels} channels. Give 1 or {channels}."
        )
    return torch.tensor(list(values), dtype=torch.float32).expand(channels).clone()
