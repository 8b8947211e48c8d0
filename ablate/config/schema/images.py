"""Schema of the groups `data` and `augmentation`."""

from dataclasses import dataclass
from typing import Optional

from ablate.config.field import value
from ablate.config.schema.option import Option

# Number of classes of the built-in data sets; others are counted when they are loaded.
CLASSES = dict.fromkeys(
    (f"ablate.data.download.{name}" for name in ("cifar10", "svhn", "mnist", "fashion_mnist", "stl10")), 10
)
CLASSES |= {"ablate.data.download.cifar100": 100, "ablate.data.digits.digits": 10}


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
class ImageFiles(DataSettings):
    """Image files, decoded and resized."""

    image_size: int = value("height and width that images are resized to", unit="pixels", low=4, high=1024)
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
class Step(Option):
    """One augmentation step. A list of options applies its steps in that order."""


@dataclass
class Flip(Step):
    p: float = value("probability of a horizontal flip", low=0, high=1)


@dataclass
class Crop(Step):
    padding: int = value("width of the border added before a random crop to the original size", unit="pixels", low=1)
    padding_mode: str = value(
        "border pixels: constant (black) or reflect (mirror image)", choices=("constant", "reflect")
    )


@dataclass
class Cutout(Step):
    size: int = value("side of the erased square", unit="pixels", low=1)


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
class Mix(Step):
    alpha: float = value("both parameters of the Beta distribution of the mixing weight", above=0)
