"""Test sets in NumPy arrays, as CIFAR-10.1 and CIFAR-10-C."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ablate.data.images import Images
from ablate.data.test_sets.condition import Condition, Format, check_memory, chunks, gray
from ablate.files import arrays
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural

SEVERITIES = 5
NUMBERS = range(1, 2**24)  # of images
SIDE = range(1, 2**14)  # pixels


def conditions(folder: Path, names: list[str], classes: tuple[str, ...]) -> list[Condition]:
    """The conditions of arrays: `labels.npy` belongs to all others, `NAME_labels.npy` to `NAME_data.npy`."""
    shared = (folder / "labels.npy").exists()
    data = [name for name in names if not name.endswith("labels.npy")]
    if not data:
        raise InputError(f"{folder} has labels but no images: it needs NAME.npy and labels.npy.")
    every: list[Condition] = []
    for name in data:
        pair = folder / f"{name.removesuffix('.npy').removesuffix('_data')}_labels.npy"
        path = folder / "labels.npy" if shared and not pair.exists() else pair
        if not path.exists():
            raise InputError(f"{folder / name} has no labels: neither {pair.name} nor labels.npy exists.")
        every += _array(folder / name, path, classes, len(data) > 1 or shared)
    return every


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
        raise InputError(
            f"{path} has {plural(len(images), 'image')}, but {labels_path} has {plural(len(labels), 'label')}."
        )
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
    """The images at `start` of an array, one per label, in the format that models expect."""
    stored = _images(path)[start : start + len(labels)]
    size, channels = wanted.image_size, wanted.channels
    if channels not in (1, 3):
        raise InputError(f"The models expect images with {channels} channels, but those of {path} have 1 or 3.")
    check_memory(f"Images of {path}", len(stored) * channels * size**2, wanted)
    pixels = np.empty((len(stored), channels, size, size), np.uint8)
    for chunk in chunks(len(stored), max(stored[:1].nbytes, pixels[:1].nbytes)):
        pixels[chunk] = _fitted(np.asarray(stored[chunk]), channels, size)
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels.copy()), wanted.classes)


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
    return gray(first) if channels == 1 else first.repeat(3, axis=1)
