"""Test sets other than a run's own: class folders, the arrays of CIFAR-10.1 and CIFAR-10-C, corrupted test images.

A test set has one or more conditions, such as corruptions of five severities. Their images are read one condition at a
time, at the size and with the channels that the networks take.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf

from ablate.data import corruptions
from ablate.data.image_folder import class_folders
from ablate.data.images import Images, batched
from ablate.data.labeled_files import LabeledFiles, load
from ablate.data.prepare import load_test
from ablate.data.streamed import Streamed
from ablate.data.walk import entries
from ablate.files import arrays
from ablate.files.bounded import GIB
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

SEVERITIES = 5
MEMORY_LIMIT = 4.0  # GiB, of runs on another source than image files
CHUNK = 1000  # images that are corrupted or resized at a time
NUMBERS = range(1, 2**24)  # of images
SIDE = range(1, 2**14)  # pixels


@dataclass(frozen=True)
class Format:
    """What networks take.

    Attributes:
        classes: names of the classes.
        channels: of an image.
        image_size: height and width, in pixels.
        data: the group `data` of the runs' configuration, as YAML.
    """

    classes: tuple[str, ...]
    channels: int
    image_size: int
    data: str

    @property
    def settings(self) -> DictConfig:
        """The group `data`."""
        settings = OmegaConf.create(self.data)
        assert isinstance(settings, DictConfig)
        return settings


@dataclass(frozen=True)
class Condition:
    """A part of a test set, such as a corruption of one severity.

    Attributes:
        name: of the corruption or the folder; empty if the test set has one part.
        severity: 1 to 5; None if it has none.
        load: reads the images in the format that networks take.
    """

    name: str
    severity: int | None
    load: Callable[[Format], Images]


def find(path: Path, classes: tuple[str, ...]) -> list[Condition]:
    """The conditions of the test set in a folder or `.npy` file.

    Args:
        path: class folders, with or without `test/` above them; a folder of such folders, each with `1/` to `5/` in it
            or not; arrays `NAME_data.npy` and `NAME_labels.npy` as in CIFAR-10.1; or one array per corruption and
            `labels.npy` as in CIFAR-10-C.
        classes: names of the classes of the runs.

    Raises:
        InputError: there is no such folder, it has another layout, other classes or no images, or an array is damaged.
    """
    if not path.exists():
        raise InputError(f"The test set {path} does not exist.")
    if not path.is_dir() and path.suffix != ".npy":
        raise InputError(f"The test set {path} is neither a folder nor an .npy file.")
    if path.is_file():
        return _arrays(path.parent, [path.name], classes)
    content = entries(path)
    names = [entry.name for entry in content if entry.name.endswith(".npy")]
    if names:
        return _arrays(path, names, classes)
    folders = [entry.name for entry in content if entry.is_dir()]
    if not folders:
        raise InputError(f"{path} has no images: put them into {path}/<class>/, or pass another folder.")
    if "train" in folders and "train" not in classes and "test" not in folders:
        raise InputError(f"{path} has train/ but no test/. Put the test images into {path / 'test'}, or pass a folder.")
    if "test" in folders and "test" not in classes:
        path, folders = path / "test", [entry.name for entry in entries(path / "test") if entry.is_dir()]
    if parts := _parts(path, "", classes):
        return parts
    conditions = [condition for name in folders for condition in _parts(path, name, classes)]
    without = [name for name in folders if name not in {condition.name for condition in conditions}]
    if without and not conditions:
        raise InputError(
            f"{path} has the folders {first_few(without)}, but no class of the runs ({first_few(classes)})."
            f"{_near(without, classes)}"
        )
    if without:
        raise InputError(f"{path / without[0]} has no folder of a class ({first_few(classes)}). Remove it.")
    return conditions


def _parts(root: Path, name: str, classes: tuple[str, ...]) -> list[Condition]:
    """The condition in a folder, or its severities; empty if it has neither class folders nor severities."""
    folders = _folders(root / name)
    inner = {folder: _folders(root / name / folder) for folder in folders if re.fullmatch("[1-5]", folder)}
    if folders and len(inner) == len(folders) and all(names and set(names) <= set(classes) for names in inner.values()):
        return [_folder(root, f"{name}/{one}".lstrip("/"), name, int(one)) for one in folders]
    if not set(folders) & set(classes):
        return []
    if unknown := [folder for folder in folders if folder not in classes]:
        raise InputError(
            f"{root / name} has folders that are no class of the runs: {first_few(unknown)}."
            f"{_near(unknown, classes)} Rename or remove them."
        )
    return [_folder(root, name or ".", name, None)]


def _folders(folder: Path) -> list[str]:
    return [entry.name for entry in entries(folder) if entry.is_dir()]


def _near(names: Sequence[str], classes: tuple[str, ...]) -> str:
    """A suggestion for the first name that is like a class."""
    return next(filter(None, (did_you_mean(name, classes) for name in names)), "")


def _folder(root: Path, part: str, name: str, severity: int | None) -> Condition:
    return Condition(name, severity, partial(_read_folder, root, part))


def _read_folder(root: Path, part: str, wanted: Format) -> Images:
    """The images in class folders, decoded and resized like training images."""
    if wanted.channels not in (1, 3):
        raise InputError(f"The runs take images with {wanted.channels} channels, but image files have 1 or 3.")
    listing, labels = class_folders(root, part, wanted.classes)
    data = wanted.settings
    resize, crop_fraction = data.get("resize", "square"), data.get("crop_fraction", 0.875)
    labeled, limit = LabeledFiles(root, listing, labels, wanted.classes), data.get("memory_limit", MEMORY_LIMIT)
    images = load(labeled, wanted.image_size, limit, resize, crop_fraction)
    if wanted.channels == 3:
        return images
    gray = [_gray(batch.numpy()) for batch in batched(images.images)]
    return Images(torch.from_numpy(np.concatenate(gray)), images.labels, wanted.classes)


def _gray(pixels: np.ndarray) -> np.ndarray:
    """RGB images uint8 (N, 3, H, W) in gray, uint8 (N, 1, H, W), with Pillow's weights."""
    red, green, blue = (pixels[:, channel : channel + 1].astype(np.uint32) for channel in range(3))
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)


def _arrays(folder: Path, names: list[str], classes: tuple[str, ...]) -> list[Condition]:
    """The conditions of arrays: `labels.npy` belongs to all others, `NAME_labels.npy` to `NAME_data.npy`."""
    shared = (folder / "labels.npy").exists()
    data = [name for name in names if not name.endswith("labels.npy")]
    if not data:
        raise InputError(f"{folder} has labels but no images: it needs NAME.npy and labels.npy.")
    conditions: list[Condition] = []
    for name in data:
        pair = folder / f"{name.removesuffix('.npy').removesuffix('_data')}_labels.npy"
        path = folder / "labels.npy" if shared and not pair.exists() else pair
        if not path.exists():
            raise InputError(f"{folder / name} has no labels: neither {pair.name} nor labels.npy exists.")
        conditions += _array(folder / name, path, classes, len(data) > 1 or shared)
    return conditions


def _array(path: Path, labels_path: Path, classes: tuple[str, ...], is_named: bool) -> Iterator[Condition]:
    """The conditions of one array of images: five severities if its labels repeat five times."""
    labels = np.asarray(_mapped(labels_path, "iu", (NUMBERS,), "labels, whole numbers (N,)"), dtype=np.int64)
    if labels.min() < 0 or labels.max() >= len(classes):
        raise InputError(
            f"{labels_path} has labels from {labels.min()} to {labels.max()}, but the runs have {len(classes)} classes"
            f" ({first_few(classes)}), 0 to {len(classes) - 1}."
        )
    images = _images(path)
    if len(images) != len(labels):
        raise InputError(f"{path} has {len(images):,} images, but {labels_path} has {len(labels):,} labels.")
    name = path.stem.removesuffix("_data") if is_named else ""
    count = len(labels) // SEVERITIES
    repeated = labels_path.name == "labels.npy" and len(labels) == SEVERITIES * count
    if not repeated or (labels.reshape(SEVERITIES, count) != labels[:count]).any():
        yield Condition(name, None, partial(_read_array, path, labels, 0))
        return
    for severity in range(1, SEVERITIES + 1):
        start = (severity - 1) * count
        yield Condition(name, severity, partial(_read_array, path, labels[start : start + count], start))


def _images(path: Path) -> np.ndarray:
    """Map an array of images: uint8 (N, H, W, C) with one or three channels, or (N, H, W)."""
    expected = "images, uint8 (N, height, width, 3)"
    for shape in ((NUMBERS, SIDE, SIDE, 3), (NUMBERS, SIDE, SIDE, 1)):
        try:
            return _mapped(path, "u", shape, expected)
        except InputError:
            continue
    return _mapped(path, "u", (NUMBERS, SIDE, SIDE), expected)[..., None]


def _mapped(path: Path, kinds: str, shape: tuple[int | range, ...], what: str) -> np.ndarray:
    """Map an array; InputError for a file that does not hold `what`."""
    try:
        array = arrays.mapped(path, arrays.Expected(kinds, shape))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except Exception as error:  # numpy raises many kinds for a damaged file
        raise InputError(
            f"{path} does not hold {what}: it is truncated, damaged, a pickle or another array. Get a fresh copy."
        ) from error
    if kinds == "u" and array.dtype != np.uint8:
        raise InputError(f"{path} has pixels of type {array.dtype}, expected uint8.")
    return array


def _read_array(path: Path, labels: np.ndarray, start: int, wanted: Format) -> Images:
    """The images at `start` of an array, one per label, in the format that networks take."""
    stored = _images(path)[start : start + len(labels)]
    size, channels = wanted.image_size, wanted.channels
    if channels not in (1, 3):
        raise InputError(f"The runs take images with {channels} channels, but those of {path} have 1 or 3.")
    _check_memory(f"Images of {path}", len(stored) * channels * size**2, wanted)
    pixels = np.empty((len(stored), channels, size, size), np.uint8)
    for first in range(0, len(stored), CHUNK):
        block = np.asarray(stored[first : first + CHUNK])
        pixels[first : first + CHUNK] = _fitted(block, channels, size)
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels.copy()), wanted.classes)


def _check_memory(what: str, size: int, wanted: Format) -> None:
    """Raise InputError for images of `size` bytes that take more memory than images of the runs may."""
    limit = wanted.settings.get("memory_limit", MEMORY_LIMIT)
    if size > limit * GIB:
        raise InputError(
            f"{what} would take {size / GIB:.1f} GiB of memory, more than the runs' data.memory_limit of {limit:g}."
            " Use fewer images."
        )


def _fitted(images: np.ndarray, channels: int, size: int) -> np.ndarray:
    """Images (N, H, W, 1 or 3) as (N, channels, size, size), with the filter of training images."""
    from PIL import Image

    if images.shape[1:3] != (size, size):
        shown = (Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image) for image in images)
        resized = [np.asarray(image.resize((size, size), Image.Resampling.BILINEAR)) for image in shown]
        images = np.stack(resized).reshape(len(images), size, size, -1)
    first = images.transpose(0, 3, 1, 2)
    if first.shape[1] == channels:
        return first
    return _gray(first) if channels == 1 else first.repeat(3, axis=1)


def own(corrupted_by: Sequence[str]) -> list[Condition]:
    """The runs' own test set, and corruptions of it; see `corrupted`."""
    return corrupted([Condition("", None, lambda wanted: load_test(wanted.settings))], corrupted_by)


def corrupted(conditions: list[Condition], names: Sequence[str]) -> list[Condition]:
    """The only condition, as `clean`, and its corruptions (`corruptions.CORRUPTIONS`) of all severities.

    Raises:
        InputError: there are several conditions.
    """
    if len(conditions) > 1:
        raise InputError(
            f"The test set has {len(conditions)} conditions ({first_few([one.name for one in conditions])}), but"
            " corruptions are made of one set of images. Pass the folder of one of them."
        )
    load = lru_cache(maxsize=1)(conditions[0].load)
    return [
        Condition(corruptions.CLEAN, None, load),
        *(
            Condition(name, severity, partial(_corrupted, load, name, severity))
            for name in names
            for severity in corruptions.SEVERITIES
        ),
    ]


def _corrupted(load: Callable[[Format], Images], name: str, severity: int, wanted: Format) -> Images:
    """Images with a corruption of a severity, in memory."""
    images = load(wanted)
    if isinstance(images.images, Streamed):
        _check_memory("Corrupted images", images.images.numel(), wanted)
    pixels = torch.empty(tuple(images.images.shape), dtype=torch.uint8)
    for first in range(0, len(images), CHUNK):
        block = images.images[first : first + CHUNK].numpy()
        pixels[first : first + CHUNK] = torch.from_numpy(corruptions.corrupt(block, name, severity, first))
    return Images(pixels, images.labels, images.classes)
