"""Erasing a part of each image."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def boxes(centres: Tensor, sides: Tensor | int, shape: torch.Size) -> Tensor:
    """Masks (B, 1, H, W), true inside the rectangles round `centres` that the image's border cuts off.

    `centres` are fractions of height and width in [0, 1), (B, 2); `sides` are pixels, one number or (B, 2).
    """
    if not isinstance(sides, Tensor):  # filled in there: a copy from the CPU would wait for the device
        sides = torch.full((len(centres), 2), sides, device=centres.device)

    def within(axis: int, length: int) -> Tensor:
        start = (centres[:, axis] * length).long() - sides[:, axis] // 2
        pixel = torch.arange(length, device=centres.device)
        return (pixel >= start[:, None]) & (pixel < (start + sides[:, axis])[:, None])

    return (within(0, shape[-2])[:, :, None] & within(1, shape[-1])[:, None, :])[:, None]


@dataclass(frozen=True)
class Cutout:
    """Blacken a square of `size` pixels round a random pixel; it may reach over the border (DeVries & Taylor 2017)."""

    size: int

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Centre as a fraction of height and width, (n, 2)."""
        return rng.random((n, 2), dtype=np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Blacken each image's square."""
        return images.masked_fill(boxes(draws, self.size, images.shape), 0), targets
