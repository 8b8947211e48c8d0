"""Images that occur twice: with identical pixels, or nearly so and in two parts of the data."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.data.near_duplicates import near_duplicates
from ablate.data.prepare import Prepared
from ablate.data.streamed import Pixels


@dataclass(frozen=True)
class Copy:
    """Two images with identical or similar pixels.

    Attributes:
        first: part and name of the earlier image.
        second: part and name of the later one.
        same_class: False if their labels differ. True for a test image, whose label is not read here.
        identical: False if their pixels are only similar (see `near_duplicates`).
    """

    first: tuple[str, str]
    second: tuple[str, str]
    same_class: bool
    identical: bool = True

    def is_between(self, first_parts: Sequence[str], second_part: str) -> bool:
        """Return True if the first image is in one of `first_parts` and the second one in `second_part`."""
        return self.first[0] in first_parts and self.second[0] == second_part


Names = tuple[Sequence[str], Sequence[str]]  # of the source's training images and of its test images, in their order


def copies(data: Prepared, test: Pixels | None, names: Names | None) -> list[Copy]:
    """Find images with the same pixels as an earlier image, and near-duplicates across parts.

    Identical pixels come first, then pairs across classes, then pairs across parts.

    Args:
        data: training and validation images.
        test: test images, if there are any.
        names: paths of the files; None: images are named by their position.
    """
    images, digests = [], []
    for part, name, label, pixels in _all_images(data, test, names):
        images.append((part, name, label))
        digests.append(hashlib.sha256(pixels).digest())
    earliest: dict[bytes, int] = {}
    pairs = [(first, at, True) for at, digest in enumerate(digests) if (first := earliest.setdefault(digest, at)) != at]
    for first, second in near_duplicates([data.train.images, data.val.images, *([] if test is None else [test])]):
        if images[first][0] != images[second][0] and digests[first] != digests[second]:
            pairs.append((first, second, False))
    duplicates = []
    for first, second, identical in pairs:
        labels = images[first][2], images[second][2]
        same_class = None in labels or labels[0] == labels[1]
        duplicates.append(Copy(images[first][:2], images[second][:2], same_class, identical))
    return sorted(duplicates, key=lambda copy: (not copy.identical, copy.same_class, copy.first[0] == copy.second[0]))


def _all_images(data: Prepared, test: Pixels | None, names: Names | None) -> Iterator[tuple[str, str, int | None, Any]]:
    """Yield part, name, label and pixels of every image."""
    for part, images, indices in (("train", data.train, data.train_index), ("validation", data.val, data.val_index)):
        for index, label, image in zip(indices.tolist(), images.labels.tolist(), images.images, strict=True):
            yield part, names[0][index] if names else f"training image {index}", label, image.contiguous().numpy()
    for index, image in enumerate([] if test is None else test):
        yield "test", names[1][index] if names else f"test image {index}", None, image.contiguous().numpy()
