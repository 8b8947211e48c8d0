"""Load, split and describe the images of a run, from the `data` group of its configuration."""

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ablate.config import returned
from ablate.config.schema import DataSettings
from ablate.data.images import Images, Part, SplitKind, batched
from ablate.data.split import shared, split
from ablate.data.streamed import Pixels
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything about the data that a network depends on: what is needed to build it and to scale its input.

    Attributes:
        classes: names of the classes.
        channels: channels of an image.
        image_size: height and width of an image, in pixels.
        mean: float32 (C,), subtracted from pixels scaled to [0, 1].
        std: float32 (C,), which then divides them.
    """

    classes: tuple[str, ...]
    channels: int
    image_size: int
    mean: Tensor
    std: Tensor


@dataclass(frozen=True, eq=False)
class Prepared:
    """Images ready for training. Contains no test images.

    Attributes:
        train: images to train on.
        val: images to validate on.
        train_index: positions of `train` among the training images of the source, int64 (N,).
        val_index: positions of `val` among them, int64 (M,).
        source: number of training images of the source.
        mean: float32 (C,), subtracted from pixels scaled to [0, 1].
        std: float32 (C,), which then divides them.
        sha256: hash of all training images of the source and of their labels (see `Images.sha256`).
        files: path of each training image of the source; empty if they are not files.
        split_kind: how the validation images were chosen.
    """

    train: Images
    val: Images
    train_index: np.ndarray
    val_index: np.ndarray
    source: int
    mean: Tensor
    std: Tensor
    sha256: str
    files: Sequence[str] = ()
    split_kind: SplitKind = "stratified"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.train.classes

    @property
    def channels(self) -> int:
        """Number of channels of an image."""
        return self.train.images.shape[1]

    @property
    def image_size(self) -> int:
        """Height and width of an image, in pixels."""
        return self.train.images.shape[2]

    @property
    def inputs(self) -> Inputs:
        """What a network for these images depends on."""
        return Inputs(self.classes, self.channels, self.image_size, self.mean, self.std)


def prepare(cfg_data: DictConfig) -> Prepared:
    """Load the training images of the source, split them, and determine mean and standard deviation of their pixels.

    The last results are cached until `clear_cache`, since all runs of a study share their images.

    Raises:
        InputError: the data cannot be loaded or split, or `data.mean` or `data.std` does not match its channels.
    """
    return _prepare(OmegaConf.to_yaml(cfg_data, resolve=True))


def clear_cache() -> None:
    """Make `prepare` load images again, because their files may have changed."""
    _prepare.cache_clear()


@lru_cache(maxsize=2)
def _prepare(settings: str) -> Prepared:
    cfg_data = OmegaConf.create(settings)
    assert isinstance(cfg_data, DictConfig)
    source = _load(cfg_data, "train")
    train_index, val_index = split(source, cfg_data.val_fraction, cfg_data.split_seed, cfg_data.train_limit)
    train, val = source.subset(train_index), source.subset(val_index)
    if source.files and (count := shared(train, val)):  # not of the data sets of others, which nobody can change
        log.info("%s of %s validation images are also training images; `ablate data` lists them.", count, len(val))
    mean, std = _mean_and_std(train, cfg_data.mean, cfg_data.std)
    return Prepared(
        train=train,
        val=val,
        train_index=train_index,
        val_index=val_index,
        source=len(source.images),
        mean=mean,
        std=std,
        sha256=source.sha256(),
        files=source.files,
        split_kind=source.split_kind,
    )


def load_test(cfg_data: DictConfig) -> Images:
    """Load the test images of the source; the only access to them. Raises NoTestImages if there are none."""
    return _load(cfg_data, "test")


def _load(cfg_data: DictConfig, part: Part) -> Images:
    """Call the option's `_target_` with its own keys, not with those that all data sets share."""
    from hydra.utils import instantiate

    common = {field.name for field in dataclasses.fields(DataSettings)}
    settings: dict[Any, Any] = OmegaConf.to_container(cfg_data, resolve=True)  # type: ignore[assignment]
    arguments = {key: value for key, value in settings.items() if key not in common}
    # Called outside `instantiate`, since Hydra would wrap the source's errors.
    images = instantiate({"_target_": cfg_data._target_, **arguments}, part=part, _partial_=True)()
    if not isinstance(images, Images):
        raise returned.error("data", cfg_data._target_, images, "ablate.data.images.Images")
    if images.images.shape[2] != images.images.shape[3]:
        raise InputError(
            f"Images must be square, but those of {cfg_data._target_} are {tuple(images.images.shape[2:])}."
        )
    return images


def _mean_and_std(train: Images, mean: list[float] | None, std: list[float] | None) -> tuple[Tensor, Tensor]:
    """Return both as float32 (C,); None is replaced by the value of the training images."""
    train_mean, train_std = moments(train.images) if mean is None or std is None else (mean, std)
    if std is None and min(train_std) == 0:
        raise InputError(
            "A channel is constant over all training images, so its standard deviation is 0. Set data.std."
        )
    channels = train.images.shape[1]
    return (
        _per_channel("data.mean", train_mean if mean is None else mean, channels),
        _per_channel("data.std", train_std if std is None else std, channels),
    )


def moments(images: Pixels) -> tuple[list[float], list[float]]:
    """Compute mean and standard deviation per channel of uint8 (N, C, H, W), of pixels scaled to [0, 1].

    Exact, since they are computed from integer histograms.
    """
    values = torch.arange(256, dtype=torch.float64) / 255
    counts = torch.zeros(images.shape[1], 256, dtype=torch.int64)
    for batch in batched(images):
        for channel, histogram in zip(batch.unbind(1), counts, strict=True):
            histogram += torch.bincount(channel.flatten(), minlength=256)
    means, stds = [], []
    for histogram in counts:
        share = histogram.double() / histogram.sum()
        mean = (share * values).sum()
        means.append(mean.item())
        stds.append((share * (values - mean) ** 2).sum().sqrt().item())
    return means, stds


def _per_channel(key: str, values: list[float], channels: int) -> Tensor:
    if len(values) not in (1, channels):
        raise InputError(
            f"{key} has {plural(len(values), 'value')}, but the images have {plural(channels, 'channel')}. Pass 1"
            f"{f' or {channels} values' if channels > 1 else ' value'}."
        )
    return torch.tensor(list(values), dtype=torch.float32).expand(channels).clone()
