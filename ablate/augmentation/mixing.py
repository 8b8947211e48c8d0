"""Mixing each image, and its target, with the one before it in the batch, whose order is random."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ablate.augmentation.erasing import boxes


@dataclass(frozen=True)
class Mixup:
    """Weighted mean of two images and of their targets, weight ~ Beta(alpha, alpha) (Zhang et al. 2018)."""

    alpha: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """The weight of the image itself, (n, 1)."""
        return rng.beta(self.alpha, self.alpha, (n, 1)).astype(np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Mix; the images come back as float32."""
        images = torch.lerp(images.roll(1, 0).float(), images.float(), draws[:, :, None, None])
        return images, torch.lerp(targets.roll(1, 0), targets, draws)


@dataclass(frozen=True)
class CutMix:
    """A rectangle of the other image pasted in, area ~ 1 - Beta(alpha, alpha); targets by area (Yun et al. 2019)."""

    alpha: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Share of the image that stays, and centre of the rectangle as fractions, (n, 3)."""
        return np.concatenate([rng.beta(self.alpha, self.alpha, (n, 1)), rng.random((n, 2))], axis=1).astype(np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Paste; the weight of the targets is the area after the border has cut the rectangle."""
        share = (1 - draws[:, 0]).sqrt()
        sides = torch.stack([share * length for length in images.shape[-2:]], 1).long()
        mask = boxes(draws[:, 1:], sides, images.shape)
        kept = 1 - mask.float().mean((1, 2, 3))[:, None]
        return torch.where(mask, images.roll(1, 0), images), torch.lerp(targets.roll(1, 0), targets, kept)
