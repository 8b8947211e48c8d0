"""Flips and crops of a whole batch at once."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.augmentation.length import in_pixels
from ablate.terminal.errors import InputError


@dataclass(frozen=True)
class Flip:
    """Flip an image horizontally with probability `p`."""

    reach: ClassVar[int] = 0
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

    A `padding` below 1 is a fraction of the image's side. `padding_mode` is constant (black) or reflect.
    """

    reach: ClassVar[int] = 0
    padding: float
    padding_mode: str

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw row and column of the upper left corner, (n, 2): in pixels, or in [0, 1) for a fraction."""
        if self.padding < 1:
            return rng.random((n, 2), dtype=np.float32)
        return rng.integers(0, 2 * int(self.padding) + 1, (n, 2))

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Crop each image at its own position."""
        height, width = images.shape[2:]
        padding = in_pixels(self.padding, min(height, width))
        if self.padding_mode == "reflect" and padding >= min(height, width):
            raise InputError(
                f"augmentation.crop.padding={self.padding} with padding_mode=reflect must be smaller than the images, "
                f"{height} x {width} pixels."
            )
        padded = F.pad(images, (padding,) * 4, self.padding_mode)
        corners = (draws * (2 * padding + 1)).long() if draws.is_floating_point() else draws
        # A view of all possible crops; copying whole rows from it is four times as fast as indexing pixels.
        crops = padded.unfold(2, height, 1).unfold(3, width, 1)
        image = torch.arange(len(images), device=images.device)
        return crops[image, :, corners[:, 0], corners[:, 1]], targets
