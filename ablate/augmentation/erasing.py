"""Erase a part of each image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ablate.augmentation.length import in_pixels
from ablate.augmentation.rectangles import draw, rectangles, sizes


def boxes(centers: Tensor, sides: Tensor | int, shape: torch.Size) -> Tensor:
    """Return masks (B, 1, H, W) that are true inside one rectangle per image, clipped at the image border.

    Args:
        centers: of the rectangles, (B, 2), as fractions of height and width in [0, 1).
        sides: their height and width in pixels, (B, 2), or one number for all.
        shape: of the images, (B, C, H, W).
    """
    if not isinstance(sides, Tensor):  # filled on the device: a copy from the CPU would make it wait
        sides = torch.full((len(centers), 2), sides, device=centers.device)

    middle = torch.stack([(centers[:, axis] * length).long() for axis, length in enumerate(shape[-2:])], 1)
    return inside(middle - sides // 2, sides, shape)


def inside(corners: Tensor, sides: Tensor, shape: torch.Size) -> Tensor:
    """Return masks (B, 1, H, W) that are true inside one rectangle per image, clipped at the image border.

    Args:
        corners: top and left of the rectangles in pixels, (B, 2).
        sides: their height and width in pixels, (B, 2).
        shape: of the images, (B, C, H, W).
    """

    def within(axis: int, length: int) -> Tensor:
        start, pixel = corners[:, axis, None], torch.arange(length, device=corners.device)
        return (pixel >= start) & (pixel < start + sides[:, axis, None])

    return (within(0, shape[-2])[:, :, None] & within(1, shape[-1])[:, None, :])[:, None]


@dataclass(frozen=True)
class Cutout:
    """Set a square of side `size` pixels around a random pixel to black (DeVries & Taylor 2017).

    The square may extend beyond the image. A `size` below 1 is a fraction of the image's side.
    """

    reach: ClassVar[int] = 0
    size: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the center as fractions of height and width, (n, 2)."""
        return rng.random((n, 2), dtype=np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Erase one square per image."""
        size = in_pixels(self.size, min(images.shape[2:]))
        return images.masked_fill(boxes(draws, size, images.shape), 0), targets


@dataclass(frozen=True)
class RandomErasing:
    """Set a rectangle of an image to the brightness `value`, 0 to 255, with probability `p` (Zhong et al. 2020).

    Its area is uniform in `scale`, a fraction of the image, and the logarithm of its aspect ratio (height / width) in
    `ratio`, as in torchvision's transform. The rectangle is smaller than the image in both directions.
    """

    reach: ClassVar[int] = 0
    p: float
    scale: Sequence[float]
    ratio: Sequence[float]
    value: int

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw area, aspect ratio and position, and whether to erase, (n, 23)."""
        numbers, erase = draw(n, rng), rng.random((n, 1)) < self.p
        return np.concatenate([numbers, erase], 1, dtype=np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Erase one rectangle per image; none where no attempt fits."""
        inverse = 1 / self.ratio[1], 1 / self.ratio[0]  # width / height
        corners, found = rectangles(draws[:, :-1], sizes(images), self.scale, inverse, margin=1)
        mask = inside(corners[:, :2], corners[:, 2:], images.shape) & (found & draws[:, -1].bool())[:, None, None, None]
        return images.masked_fill(mask, self.value), targets
