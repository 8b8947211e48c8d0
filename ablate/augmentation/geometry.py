"""Flips and crops of a whole batch at once."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.terminal.errors import InputError


@dataclass(frozen=True)
class Flip:
    """Flip an image horizontally with probability `p`."""

    p: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw which images to flip, bool (n, 1)."""
        return rng.random((n, 1)) < self.p

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Flip the images whose draw is true."""
        return torch.where(draws[:, :, None, None], images.flip(-1), images), targets


@dataclass(frozen=True)
class Crop:
    """Pad an image by `padding` pixels and crop it at random to its original size (He et al. 2016, section 4.2).

    `padding_mode` is constant (black) or reflect.
    """

    padding: int
    padding_mode: str

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw row and column of the upper left corner, (n, 2)."""
        return rng.integers(0, 2 * self.padding + 1, (n, 2))

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Crop each image at its own position."""
        height, width = images.shape[2:]
        if self.padding_mode == "reflect" and self.padding >= min(height, width):
            raise InputError(
                f"augmentation.crop.padding={self.padding} with padding_mode=reflect must be smaller than the images, "
                f"{height} x {width} pixels."
            )
        padded = F.pad(images, (self.padding,) * 4, self.padding_mode)
        # A view of all possible crops; copying whole rows from it is four times as fast as indexing pixels.
        crops = padded.unfold(2, height, 1).unfold(3, width, 1)
        image = torch.arange(len(images), device=images.device)
        return crops[image, :, draws[:, 0], draws[:, 1]], targets
