"""Image files and their labels, from any source, to images. Every source of files goes through `load`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ablate.data import cache
from ablate.data.aspect import shorter_side
from ablate.data.images import Images
from ablate.data.photographs import Photographs
from ablate.data.streamed import Pixels, Streamed
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


def load(
    listing: LabeledFiles,
    image_size: int,
    memory_limit: float,
    resize: str = "square",
    crop_fraction: float = 0.875,
) -> Images:
    """Decode files, or read them from the cache (see `cache`).

    Args:
        listing: the files.
        image_size: height and width of an image, in pixels.
        memory_limit: in GiB. Decoded images that take more are streamed from the cache instead of loaded into memory.
        resize: square, which ignores the aspect ratio, or shorter: only the shorter side is resized, and the center is
            cropped.
        crop_fraction: with shorter, height and width of the center crop as a fraction of the resized shorter side.

    Returns:
        RGB images, uint8 (N, 3, image_size, image_size)

    Raises:
        InputError: files cannot be decoded (it names them).
    """
    files, limit = list(listing.files), memory_limit * GIB
    images: Pixels
    if resize == "shorter":
        stored = cache.photographs(listing.root, files, shorter_side(image_size, crop_fraction), limit)
        images = Photographs(stored, len(files), image_size)
    else:
        streamed = len(files) * 3 * image_size**2 > limit
        pixels = cache.pixels(listing.root, files, image_size, streamed)
        images = Streamed(pixels) if streamed else torch.from_numpy(pixels)
    return Images(
        images,
        torch.tensor(listing.labels),
        listing.classes,
        listing.paths,
        listing.validation,
        listing.groups,
    )
