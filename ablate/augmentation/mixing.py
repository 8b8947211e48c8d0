"""Mix each image and its target with the previous one in the batch, which is random since batches are shuffled."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ablate.augmentation.erasing import boxes


@dataclass(frozen=True)
class Mixup:
    """Weighted mean of two images and of their targets, with weight ~ Beta(alpha, alpha) (Zhang et al. 2018)."""

    alpha: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the weight of each image, (n, 1); the previous image has one minus this weight."""
        return rng.beta(self.alpha, self.alpha, (n, 1)).astype(np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images and targets; the images become float32."""
        images = torch.lerp(images.roll(1, 0).float(), images.float(), draws[:, :, None, None])
        return images, torch.lerp(targets.roll(1, 0), targets, draws)


@dataclass(frozen=True)
class CutMix:
    """Paste a rectangle of the other image, with area ~ 1 - Beta(alpha, alpha) (Yun et al. 2019).

    Targets are mixed in proportion to the areas.
    """

    alpha: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the share of the image that is kept, and the center of the rectangle as fractions, (n, 3)."""
        return np.concatenate([rng.beta(self.alpha, self.alpha, (n, 1)), rng.random((n, 2))], axis=1).astype(np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Paste the rectangles; targets are weighted by the areas after clipping at the image border."""
        scale = (1 - draws[:, 0]).sqrt()
        sides = torch.stack([scale * length for length in images.shape[-2:]], 1).long()
        mask = boxes(draws[:, 1:], sides, images.shape)
        weight = 1 - mask.float().mean((1, 2, 3))[:, None]
        return torch.where(mask, images.roll(1, 0), images), torch.lerp(targets.roll(1, 0), targets, weight)
