"""Erase a part of each image."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def boxes(centers: Tensor, sides: Tensor | int, shape: torch.Size) -> Tensor:
    """Return masks (B, 1, H, W) that are true inside one rectangle per image, clipped at the image border.

    Args:
        centers: of the rectangles, (B, 2), as fractions of height and width in [0, 1).
        sides: their height and width in pixels, (B, 2), or one number for all.
        shape: of the images, (B, C, H, W).
    """
    if not isinstance(sides, Tensor):  # filled on the device: a copy from the CPU would make it wait
        sides = torch.full((len(centers), 2), sides, device=centers.device)

    def within(axis: int, length: int) -> Tensor:
        start = (centers[:, axis] * length).long() - sides[:, axis] // 2
        pixel = torch.arange(length, device=centers.device)
        return (pixel >= start[:, None]) & (pixel < (start + sides[:, axis])[:, None])

    return (within(0, shape[-2])[:, :, None] & within(1, shape[-1])[:, None, :])[:, None]


@dataclass(frozen=True)
class Cutout:
    """Set a square of side `size` pixels around a random pixel to black (DeVries & Taylor 2017).

    The square may extend beyond the image.
    """

    size: int

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the center as fractions of height and width, (n, 2)."""
        return rng.random((n, 2), dtype=np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Erase one square per image."""
        return images.masked_fill(boxes(draws, self.size, images.shape), 0), targets
