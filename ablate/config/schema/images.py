"""Schema of the groups `data` and `augmentation`."""

from dataclasses import dataclass
from typing import Optional

from ablate.config.field import value
from ablate.config.schema.option import Option

# (channels, height and width in pixels, number of classes) of the built-in data sets; others are loaded first.
BUILT_IN = {
    "ablate.data.digits.digits": (1, 8, 10),
    "ablate.data.download.cifar10": (3, 32, 10),
    "ablate.data.download.cifar100": (3, 32, 100),
    "ablate.data.download.fashion_mnist": (1, 28, 10),
    "ablate.data.download.mnist": (1, 28, 10),
    "ablate.data.download.stl10": (3, 96, 10),
    "ablate.data.download.svhn": (3, 32, 10),
}
CLASSES = {target: classes for target, (_, _, classes) in BUILT_IN.items()}


@dataclass
class DataSettings(Option):
    """Labeled images: their source, their split, and the scaling of their pixels.

    These keys are common to all data sets; those that a subclass adds are passed to its `_target_`.
    """

    val_fraction: float = value("fraction of the training images held out for validation", above=0, below=1)
    split_seed: int = value(
        "seed of the stratified train/validation split, independent of the run's seed", low=0, below=2**32
    )
    train_limit: Optional[int] = value("number of training images to use (stratified); null: all", low=1)
    mean: Optional[list[float]] = value(
        "subtracted from pixels in [0, 1], one value or one per channel; null: computed from the training images"
    )
    std: Optional[list[float]] = value(
        "then divides pixels, one value or one per channel; null: computed from the training images", above=0
    )


@dataclass
class Download(DataSettings):
    """A data set downloaded by torchvision."""

    root: str = value("folder of the downloaded files")


@dataclass
class MedMNIST(DataSettings):
    """A data set of MedMNIST."""

    root: str = value("folder of the downloaded files")
    name: str = value("name of the data set, such as pathmnist")
    size: int = value("height and width of the images", unit="pixels", choices=(28, 64, 128, 224))


@dataclass
class ImageFiles(DataSettings):
    """Image files, decoded and resized."""

    image_size: int = value("height and width of an image", unit="pixels", low=4, high=1024)
    resize: str = value(
        "square: resize to a square, without the aspect ratio; shorter: resize the shorter side, then crop the center",
        choices=("square", "shorter"),
    )
    crop_fraction: float = value(
        "with resize=shorter: side of the center crop as a fraction of the resized shorter side", low=0.5, high=1
    )
    memory_limit: float = value(
        "memory for decoded images, for training and test images each; larger sets are streamed from disk",
        unit="GiB",
        low=0,
    )


@dataclass
class ImageFolder(ImageFiles):
    """Image files, one folder per class."""

    root: str = value("folder that contains train/<class>/ and, optionally, val/<class>/ and test/<class>/")


@dataclass
class ImageTable(ImageFiles):
    """Image files, listed in a table with their labels."""

    root: str = value("folder that the paths in the table are relative to")
    file: str = value("the table of the images (.csv, .tsv or .parquet), relative to root")
    path_column: str = value("column with the path of each image")
    label_column: str = value("column with the label of each image, text or integers")
    split_column: Optional[str] = value("column with train, val or test; null: all rows are for training")
    val_file: Optional[str] = value("another table, of the validation images")
    test_file: Optional[str] = value("another table, of the test images")
    group: Optional[str] = value("column whose equal values stay in one part of a split, such as the patient")
    suffix: str = value("appended to each path, such as .jpg")

    def check(self) -> None:
        other = "data.val_file" if self.val_file else "data.test_file" if self.test_file else None
        if self.split_column and other:
            raise ValueError(f"data.split_column and {other} both state the split, so one of them must be null")


@dataclass
class HuggingFace(ImageFiles):
    """A data set in the format of Hugging Face: a local folder, or one of the Hub."""

    root: Optional[str] = value("folder with the data set; null: name is used")
    name: Optional[str] = value("name of the data set on the Hub; null: root is used")
    subset: Optional[str] = value("configuration of the data set, if it has several")
    image_column: Optional[str] = value("column with the images; null: the only one that holds images")
    label_column: Optional[str] = value("column with the labels; null: the only one with class labels, else label")
    train_split: str = value("name of the training split")
    val_split: Optional[str] = value(
        "name of the validation split; null: validation, valid, val or dev if there is one"
    )
    test_split: Optional[str] = value("name of the test split; null: test if there is one")

    def check(self) -> None:
        if (self.root is None) == (self.name is None):
            raise ValueError("set one of data.root=FOLDER and data.name=NAME")


@dataclass
class Step(Option):
    """One augmentation step. A list of options applies its steps in that order."""


@dataclass
class Flip(Step):
    p: float = value("probability of a horizontal flip", low=0, high=1)


@dataclass
class Crop(Step):
    padding: int | float = value(
        "width of the border added before a random crop to the original size, in pixels, or below 1 as a fraction of"
        " the image's side",
        above=0,
    )
    padding_mode: str = value(
        "border pixels: constant (black) or reflect (mirror image)", choices=("constant", "reflect")
    )

    def check(self) -> None:
        _check_length("augmentation.crop.padding", self.padding)


@dataclass
class RandomResizedCrop(Step):
    scale: list[float] = value("smallest and largest area of a crop, as fractions of the image", above=0, high=1)
    ratio: list[float] = value("smallest and largest aspect ratio of a crop, width / height", above=0)

    def check(self) -> None:
        _check_interval("augmentation.random_resized_crop.scale", self.scale)
        _check_interval("augmentation.random_resized_crop.ratio", self.ratio)


@dataclass
class Cutout(Step):
    size: int | float = value(
        "side of the erased square, in pixels, or below 1 as a fraction of the image's side", above=0
    )

    def check(self) -> None:
        _check_length("augmentation.cutout.size", self.size)


@dataclass
class RandomErasing(Step):
    p: float = value("probability that a rectangle of an image is erased", low=0, high=1)
    scale: list[float] = value("smallest and largest area of the rectangle, as fractions of the image", above=0, high=1)
    ratio: list[float] = value("smallest and largest aspect ratio of the rectangle, height / width", above=0)
    value: int = value("brightness of the erased pixels: 0 (black) to 255", low=0, high=255)

    def check(self) -> None:
        _check_interval("augmentation.random_erasing.scale", self.scale)
        _check_interval("augmentation.random_erasing.ratio", self.ratio)


@dataclass
class ColorJitter(Step):
    brightness: float = value("largest relative change", low=0, high=1)
    contrast: float = value("largest relative change", low=0, high=1)
    saturation: float = value("largest relative change", low=0, high=1)
    hue: float = value("largest shift", unit="turns of the color wheel", low=0, high=0.5)


@dataclass
class RandAugment(Step):
    num_ops: int = value("operations per image", low=1, high=10)
    magnitude: int = value("strength of the operations", low=0, high=30)


@dataclass
class AutoAugment(Step):
    policy: str = value("data set that the policy was learned on", choices=("cifar10", "imagenet", "svhn"))


@dataclass
class AugMix(Step):
    severity: int = value("strength of the operations", low=1, high=10)
    mixture_width: int = value("number of chains of operations that are mixed", low=1, high=10)
    chain_depth: int = value("operations per chain; -1: random, 1 to 3", low=-1, high=10)
    alpha: float = value("parameter of the Dirichlet and Beta distributions of the mixing weights", above=0)


@dataclass
class Mix(Step):
    alpha: float = value("both parameters of the Beta distribution of the mixing weight", above=0)
    p: float = value("probability that an image is mixed", low=0, high=1)


@dataclass
class MixupOrCutMix(Step):
    mixup_alpha: float = value("both parameters of the Beta distribution of Mixup's weight", above=0)
    cutmix_alpha: float = value("both parameters of the Beta distribution of CutMix's weight", above=0)
    p: float = value("probability that an image is mixed", low=0, high=1)
    cutmix_p: float = value("probability that a mixed image is mixed by CutMix, otherwise by Mixup", low=0, high=1)


def _check_length(key: str, length: float) -> None:
    """Raise ValueError unless a length is a whole number of pixels or a fraction below 1."""
    if length >= 1 and length != int(length):
        raise ValueError(f"{key}={length} is neither a whole number of pixels nor a fraction below 1")


def _check_interval(key: str, interval: list[float]) -> None:
    """Raise ValueError unless a list has a smallest and a largest value."""
    if len(interval) != 2 or interval[0] > interval[1]:
        raise ValueError(f"{key}={list(interval)} must be two values, the smallest and the largest")
