"""Images: the groups `data` and `augmentation`."""

from dataclasses import dataclass
from typing import Optional

from ablate.config.field import value
from ablate.config.schema.option import Option


@dataclass
class DataSettings(Option):
    """Labelled images: where they come from, how they are split and how their pixels are scaled.

    The keys below are common to all; what a subclass adds is passed to its `_target_`.
    """

    val_fraction: float = value("share of the training images held out for validation", above=0, below=1)
    split_seed: int = value(
        "seed of the stratified train/validation split, the same for every run seed", low=0, below=2**32
    )
    train_limit: Optional[int] = value("use only so many training images (stratified); null: all", low=1)
    mean: Optional[list[float]] = value(
        "subtracted from pixels in [0, 1], a value per channel or one for all; null: computed"
    )
    std: Optional[list[float]] = value("divides them then, a value per channel or one for all; null: computed", above=0)


@dataclass
class Download(DataSettings):
    """A data set that torchvision downloads."""

    root: str = value("folder the files are kept in")


@dataclass
class ImageFolder(DataSettings):
    """Image files, one folder a class."""

    root: str = value("folder that holds train/<class>/ and, optionally, test/<class>/")
    image_size: int = value("images are resized to this height and width", unit="pixels", low=4, high=1024)
    memory_limit: float = value(
        "decoded images that take more, training and test images each, are read from disk as they are needed",
        unit="GiB",
        low=0,
    )


@dataclass
class Step(Option):
    """One step of an augmentation; a list of options is their steps in that order."""


@dataclass
class Flip(Step):
    p: float = value("probability of mirroring an image left to right", low=0, high=1)


@dataclass
class Crop(Step):
    padding: int = value("border from which a crop of the original size is cut", unit="pixels", low=1)
    padding_mode: str = value("what the border is: constant, black; reflect, a mirror", choices=("constant", "reflect"))


@dataclass
class Cutout(Step):
    size: int = value("side of the erased square", unit="pixels", low=1)


@dataclass
class ColorJitter(Step):
    brightness: float = value("largest relative change", low=0, high=1)
    contrast: float = value("largest relative change", low=0, high=1)
    saturation: float = value("largest relative change", low=0, high=1)
    hue: float = value("largest shift", unit="turns of the colour circle", low=0, high=0.5)


@dataclass
class RandAugment(Step):
    num_ops: int = value("operations an image", low=1, high=10)
    magnitude: int = value("strength, of 31 bins", low=0, high=30)


@dataclass
class AutoAugment(Step):
    policy: str = value("the data set the policy was learned on", choices=("cifar10", "imagenet", "svhn"))


@dataclass
class Mix(Step):
    alpha: float = value("both parameters of the Beta distribution of the mixing weight", above=0)
