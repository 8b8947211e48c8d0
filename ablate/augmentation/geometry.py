"""Mirroring and shifting, for a whole batch at once."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.terminal.errors import InputError


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
    """Cut the original size out of the image with a border of `padding` pixels (He et al. 2015, section 4.2).

    The border is black (`padding_mode` constant) or mirrors the image (reflect).
    """

    padding: int
    padding_mode: str

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Row and column of the cut's upper left corner, (n, 2)."""
        return rng.integers(0, 2 * self.padding + 1, (n, 2))

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Cut each image at its own place."""
        height, width = images.shape[2:]
        if self.padding_mode == "reflect" and self.padding >= min(height, width):
            raise InputError(
                f"augmentation.crop.padding={self.padding} with padding_mode=reflect must be smaller than the images, "
                f"{height} x {width} pixels."
            )
        padded = F.pad(images, (self.padding,) * 4, self.padding_mode)
        # A view of all cuts there are, whose rows of pixels are copied whole: four times as fast as pixel by pixel.
        cuts = padded.unfold(2, height, 1).unfold(3, width, 1)
        which = torch.arange(len(images), device=images.device)
        return cuts[which, :, draws[:, 0], draws[:, 1]], targets
