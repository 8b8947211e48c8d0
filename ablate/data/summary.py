"""What is in a data set: how many images of which class, size and colour; which are copies; what to beware of."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ablate.data.prepare import Prepared, moments
from ablate.data.streamed import Pixels

IMBALANCE = 2.0  # times the images of the smallest class that the largest may have without a warning
NAMED = 20  # copies that are listed; the others are counted


@dataclass(frozen=True)
class Files:
    """The files that images come from: paths of the source's training images and of its test images, in their order.

    `sizes` are int (N, 2), width and height in pixels as stored, of the training files.
    """

    train: Sequence[str]
    test: Sequence[str]
    sizes: np.ndarray


@dataclass(frozen=True)
class Copy:
    """Two images of the same pixels: their parts, their names, and whether they have the same class.

    Of test images no class is known here.
    """

    first: tuple[str, str]
    second: tuple[str, str]
    agree: bool


def summary(data: Prepared, test: Pixels | None, files: Files | None) -> dict[str, Any]:
    """The facts, as JSON has them: keys in the order of the questions a user asks.

    `test` are the test images, uint8 (N, C, H, W); None if there are none. Their labels are not asked for.
    """
    counts = {part: counted(images.labels, len(data.classes)) for part, images in _parts(data)}
    largest = int(np.argmax(counts["train"]))
    mean, std = moments(data.train.images)
    found = copies(data, test, files)
    used = len(data.train) + len(data.val)
    return {
        "images": {
            "train": len(data.train),
            "validation": len(data.val),
            "unused": data.source - used,
            "test": None if test is None else len(test),
        },
        "classes": {
            name: {part: int(of_class[label]) for part, of_class in counts.items()}
            for label, name in enumerate(data.classes)
        },
        "largest_class": {
            "name": data.classes[largest],
            "validation_share": float(counts["validation"][largest] / len(data.val)),
        },
        "size": {"channels": data.channels, "height": data.image_size, "width": data.image_size},
        "files": None if files is None else spread(files.sizes),
        "pixels": {"mean": mean, "std": std},
        "normalization": {"mean": data.mean.tolist(), "std": data.std.tolist()},
        "copies": {
            "train": _among(found, ["train"], ["train"]),
            "train_and_validation": _among(found, ["train"], ["validation"]),
            "train_or_validation_and_test": _among(found, ["train", "validation"], ["test"]),
            "of_two_classes": sum(not copy.agree for copy in found),
            "listed": [[copy.first[1], copy.second[1]] for copy in found[:NAMED]],
        },
        "warnings": warnings(data, test, files, found),
        "sha256": data.sha256,
    }


def _parts(data: Prepared) -> list[tuple[str, Any]]:
    return [("train", data.train), ("validation", data.val)]


def counted(labels: Tensor, classes: int) -> np.ndarray:
    """How many of each class there are, int64 (classes,)."""
    return np.bincount(labels.numpy(), minlength=classes)


def spread(sizes: np.ndarray) -> dict[str, Any]:
    """Smallest, median and largest width and height, how many sizes there are, and how many are not square."""
    sides = {
        name: {"smallest": int(side.min()), "median": float(np.median(side)), "largest": int(side.max())}
        for name, side in zip(("width", "height"), sizes.T, strict=True)
    }
    return {**sides, "sizes": len(np.unique(sizes, axis=0)), "not_square": int((sizes[:, 0] != sizes[:, 1]).sum())}


def copies(data: Prepared, test: Pixels | None, files: Files | None) -> list[Copy]:
    """Each image whose very pixels an earlier one has, and the first of these; those across classes and parts first."""
    firsts: dict[bytes, tuple[str, str, int | None]] = {}
    found = []
    for part, name, label, image in _all(data, test, files):
        this = (part, name, label)
        first = firsts.setdefault(hashlib.sha256(image).digest(), this)
        if first is not this:
            agree = None in (first[2], label) or first[2] == label
            found.append(Copy(first[:2], this[:2], agree))
    return sorted(found, key=lambda copy: (copy.agree, copy.first[0] == copy.second[0]))


def _all(data: Prepared, test: Pixels | None, files: Files | None) -> Any:
    """Part, name, class and pixels of every image."""
    for (part, images), indices in zip(_parts(data), (data.train_index, data.val_index), strict=True):
        for index, label, image in zip(indices.tolist(), images.labels.tolist(), images.images, strict=True):
            yield part, files.train[index] if files else f"training image {index}", label, image.contiguous().numpy()
    for index, image in enumerate([] if test is None else test):
        yield "test", files.test[index] if files else f"test image {index}", None, image.contiguous().numpy()


def _among(found: list[Copy], first: list[str], second: list[str]) -> int:
    return sum(copy.first[0] in first and copy.second[0] in second for copy in found)


def warnings(data: Prepared, test: Pixels | None, files: Files | None, found: list[Copy]) -> list[str]:
    """Sentences on what may mislead whoever trains on these images."""
    said = []
    sizes = counted(data.train.labels, len(data.classes))
    if (ratio := sizes.max() / sizes.min()) > IMBALANCE:
        most, least = data.classes[sizes.argmax()], data.classes[sizes.argmin()]
        said.append(f"Classes of unequal size: {most} has {ratio:.1f} times the training images of {least}.")
    crossing = [
        ("Validation images that are also in the training part", ["train"], "validation", len(data.val)),
        (
            "Test images that are also trained or validated on",
            ["train", "validation"],
            "test",
            0 if test is None else len(test),
        ),
    ]
    for what, first, second, total in crossing:
        if these := [copy for copy in found if copy.first[0] in first and copy.second[0] == second]:
            said.append(
                f"{what}: {len(these):,} of {total:,}{_example(these[0])}. Learning by heart is enough for them."
            )
    if two := [copy for copy in found if not copy.agree]:
        said.append(f"Images that another class has too: {len(two):,}{_example(two[0])}.")
    if more := _among(found, ["train"], ["train"]):
        said.append(f"Training images that are copies of others: {more:,} of {len(data.train):,}.")
    if files is not None and (squeezed := spread(files.sizes)["not_square"]):
        side = data.image_size
        said.append(f"Images that are not square, and squeezed to {side}x{side}: {squeezed:,} of {data.source:,}.")
    return said


def _example(copy: Copy) -> str:
    return f", such as {copy.first[1]} and {copy.second[1]}"
