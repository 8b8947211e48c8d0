"""Image files and their labels, from any source, to images. Every source of files goes through `load`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ablate.data import cache
from ablate.data.images import Images
from ablate.data.streamed import Streamed
from ablate.files.bounded import GIB


@dataclass(frozen=True)
class LabeledFiles:
    """Image files in the order of the images.

    Attributes:
        root: folder that the names of the files are relative to.
        files: the files.
        labels: index into `classes` of each file.
        classes: names of the classes.
        validation: bool (N,), the images of a fixed validation set; None if a share is drawn.
        groups: int64 (N,), the group of each image, such as its patient; None without groups.
    """

    root: Path
    files: Sequence[cache.File]
    labels: Sequence[int]
    classes: tuple[str, ...]
    validation: np.ndarray | None = None
    groups: np.ndarray | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the files."""
        return tuple(os.path.join(self.root, file.name) for file in self.files)


def load(listing: LabeledFiles, image_size: int, memory_limit: float) -> Images:
    """Decode files, or read them from the cache (see `cache`).

    Args:
        listing: the files.
        image_size: height and width that images are resized to, in pixels.
        memory_limit: in GiB. Decoded images that take more are streamed from the cache instead of loaded into memory.

    Returns:
        RGB images, uint8 (N, 3, image_size, image_size)

    Raises:
        InputError: files cannot be decoded (it names them).
    """
    streamed = len(listing.files) * 3 * image_size**2 > memory_limit * GIB
    pixels = cache.pixels(listing.root, list(listing.files), image_size, streamed)
    return Images(
        Streamed(pixels) if streamed else torch.from_numpy(pixels),
        torch.tensor(listing.labels),
        listing.classes,
        listing.paths,
        listing.validation,
        listing.groups,
    )
