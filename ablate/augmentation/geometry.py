"""Mirroring and shifting, for a whole batch at once."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Flip:
    """Mirror an image left to right with probability `p`."""

    p: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Whether to mirror, (n, 1) bool."""
        return rng.random((n, 1)) < self.p

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Mirror the images whose draw is true."""
        return torch.where(draws[:, :, None, None], images.flip(-1), images), targets


@dataclass(frozen=True)
class Crop:
    """Cut the original size out of the image with a black border of `padding` pixels (He et al. 2015, section 4.2)."""

    padding: int

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Row and column of the cut's upper left corner, (n, 2)."""
        return rng.integers(0, 2 * self.padding + 1, (n, 2))

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Cut each image at its own place."""
        batch, _, height, width = images.shape
        padded = F.pad(images, (self.padding,) * 4)
        rows = draws[:, :1] + torch.arange(height, device=images.device)
        columns = draws[:, 1:] + torch.arange(width, device=images.device)
        which = torch.arange(batch, device=images.device)[:, None, None]
        cut = padded[which, :, rows[:, :, None], columns[:, None, :]]  # (B, H, W, C): advanced indices come first
        return cut.permute(0, 3, 1, 2), targets
