"""Statistics of a data set: images per class, sizes and colors, duplicates, and warnings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ablate.data.duplicates import Copy, Names, copies
from ablate.data.images import Images
from ablate.data.prepare import Prepared, moments
from ablate.data.split import only_trained_on
from ablate.data.streamed import Pixels

IMBALANCE = 2.0  # warn if the largest class has more than so many times the images of the smallest
DARK = 65535 // 4  # largest pixel of 16-bit files that hold data of fewer bits
LISTED = 20  # duplicates of each kind in data.json; duplicates.csv has all


@dataclass(frozen=True)
class Files:
    """The files of an image folder.

    Attributes:
        train: paths of the source's training images, in their order.
        test: paths of its test images, in their order.
        sizes: width and height of the training files in pixels, as stored, int (N, 2).
        largest_16_bit: the largest pixel of all 16-bit gray training files; None if there are none.
        unused: a sentence on folders that are not read; may be empty.
        squeezed: False if images keep their aspect ratio (data.resize=shorter).
    """

    train: Sequence[str]
    test: Sequence[str]
    sizes: np.ndarray
    largest_16_bit: int | None = None
    unused: str = ""
    squeezed: bool = True

    @property
    def names(self) -> Names:
        """The paths of the training and of the test images."""
        return self.train, self.test


def summary(
    data: Prepared, test: Pixels | None, files: Files | None, duplicates: list[Copy] | None = None
) -> dict[str, Any]:
    """Summarize a data set as a dict that can be written as JSON.

    Args:
        data: training and validation images.
        test: test images without their labels, uint8 (N, C, H, W); None if there are none.
        files: the files of the images; None if they are not from a folder.
        duplicates: the result of `copies`, if it is known.
    """
    duplicates = copies(data, test, files.names if files else None) if duplicates is None else duplicates
    counts = {part: class_counts(images.labels, len(data.classes)) for part, images in _parts(data)}
    largest = int(np.argmax(counts["train"]))
    share = float(counts["validation"][largest] / len(data.val))
    mean, std = moments(data.train.images)
    return {
        "images": {
            "train": len(data.train),
            "validation": len(data.val),
            "unused": data.source - len(data.train) - len(data.val),
            "test": None if test is None else len(test),
            "split": data.split_kind,
        },
        "classes": {
            name: {part: int(of_class[label]) for part, of_class in counts.items()}
            for label, name in enumerate(data.classes)
        },
        "largest_class": {
            "name": data.classes[largest],
            "validation_share": share,
            "validation_macro_f1": 2 * share / (1 + share) / np.count_nonzero(counts["validation"]),  # 0 for the others
        },
        "size": {"channels": data.channels, "height": data.image_size, "width": data.image_size},
        "files": None if files is None else size_statistics(files.sizes),
        "pixels": {"mean": mean, "std": std},
        "normalization": {"mean": data.mean.tolist(), "std": data.std.tolist()},
        "copies": {
            "train": _count(duplicates, ["train"], "train"),
            "train_and_validation": _count(duplicates, ["train"], "validation"),
            "train_or_validation_and_test": _count(duplicates, ["train", "validation"], "test"),
            "of_two_classes": sum(not copy.same_class for copy in duplicates if copy.identical),
            "listed": [[copy.first[1], copy.second[1]] for copy in duplicates if copy.identical][:LISTED],
        },
        "near_copies": {
            "train_and_validation": _count_near(duplicates, ["train"], "validation"),
            "train_or_validation_and_test": _count_near(duplicates, ["train", "validation"], "test"),
            "listed": [[copy.first[1], copy.second[1]] for copy in duplicates if not copy.identical][:LISTED],
        },
        "warnings": warnings(data, test, files, duplicates),
        "sha256": data.sha256,
    }


def _parts(data: Prepared) -> list[tuple[str, Images]]:
    return [("train", data.train), ("validation", data.val)]


def class_counts(labels: Tensor, classes: int) -> np.ndarray:
    """Count the images of each class, int64 (classes,)."""
    return np.bincount(labels.numpy(), minlength=classes)


def size_statistics(sizes: np.ndarray) -> dict[str, Any]:
    """Summarize widths and heights, int (N, 2): range, median, number of different sizes and of non-square images."""
    sides = {
        name: {"smallest": int(side.min()), "median": float(np.median(side)), "largest": int(side.max())}
        for name, side in zip(("width", "height"), sizes.T, strict=True)
    }
    return {**sides, "sizes": len(np.unique(sizes, axis=0)), "not_square": int((sizes[:, 0] != sizes[:, 1]).sum())}


def _count(duplicates: list[Copy], first_parts: list[str], second_part: str) -> int:
    return sum(copy.identical and copy.is_between(first_parts, second_part) for copy in duplicates)


def _count_near(duplicates: list[Copy], first_parts: list[str], second_part: str) -> int:
    """Count the images of `second_part` that have a near-duplicate, once each."""
    near = [copy for copy in duplicates if not copy.identical and copy.is_between(first_parts, second_part)]
    return len({copy.second for copy in near})


def warnings(data: Prepared, test: Pixels | None, files: Files | None, duplicates: list[Copy]) -> list[str]:
    """List properties of the images that can make results misleading, one sentence each."""
    messages = []
    counts = class_counts(data.train.labels, len(data.classes))
    if (ratio := counts.max() / counts.min()) > IMBALANCE:
        most, least = data.classes[counts.argmax()], data.classes[counts.argmin()]
        messages.append(f"Imbalanced classes: {most} has {ratio:.1f} times the training images of {least}.")
    if single := only_trained_on(data.val.labels.numpy(), data.classes):
        messages.append(single)
    leaks = [
        ("Validation images that are also training images", ["train"], "validation", len(data.val)),
        (
            "Test images that are also training or validation images",
            ["train", "validation"],
            "test",
            0 if test is None else len(test),
        ),
    ]
    for title, first_parts, second_part, total in leaks:
        between = [copy for copy in duplicates if copy.is_between(first_parts, second_part)]
        if pairs := [copy for copy in between if copy.identical]:
            messages.append(
                f"{title}: {len(pairs):,} of {total:,}{_example(pairs[0])}. A model can get these right by memorizing."
            )
        if count := _count_near(between, first_parts, second_part):
            example = next(copy for copy in between if not copy.identical)
            of = "training" if second_part == "validation" else "training or validation"
            messages.append(
                f"{second_part.capitalize()} images that are near-duplicates of {of} images: {count:,} of {total:,}"
                f"{_example(example)}."
            )
    if pairs := [copy for copy in duplicates if copy.identical and not copy.same_class]:
        messages.append(f"Identical images with different labels: {len(pairs):,}{_example(pairs[0])}.")
    if count := _count(duplicates, ["train"], "train"):
        messages.append(f"Duplicate training images: {count:,} of {len(data.train):,}.")
    if files is not None and files.squeezed and (not_square := size_statistics(files.sizes)["not_square"]):
        side = data.image_size
        messages.append(
            f"Images that are not square and are squeezed to {side}x{side}: {not_square:,} of {data.source:,}."
            " data.resize=shorter keeps their aspect ratio."
        )
    if files is not None and files.unused:
        messages.append(files.unused)
    if files is not None and files.largest_16_bit is not None and files.largest_16_bit <= DARK:
        bits = max(files.largest_16_bit.bit_length(), 8)
        messages.append(
            f"Nearly black images: the largest pixel of the 16-bit files is {files.largest_16_bit:,} of 65,535, as in"
            f" data of {bits} bits. Multiply their pixels by {2 ** (16 - bits)} and save them again."
        )
    return messages


def _example(copy: Copy) -> str:
    return f", such as {copy.first[1]} and {copy.second[1]}"
