"""Mix each image and its target with the previous one in the batch, which is random since batches are shuffled."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ablate.augmentation.erasing import boxes


@dataclass(frozen=True)
class Mixup:
    """Weighted mean of two images and of their targets, with weight ~ Beta(alpha, alpha) (Zhang et al. 2018).

    An image is mixed with probability `p`.
    """

    reach: ClassVar[int] = 1
    alpha: float
    p: float = 1.0

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the weight of each image, (n, 1); the previous image has one minus this weight."""
        return kept(rng.beta(self.alpha, self.alpha, (n, 1)), self.p, rng).astype(np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images and targets; the images become float32."""
        images = torch.lerp(images.roll(1, 0).float(), images.float(), draws[:, :, None, None])
        return images, torch.lerp(targets.roll(1, 0), targets, draws)


@dataclass(frozen=True)
class CutMix:
    """Paste a rectangle of the other image, with area ~ 1 - Beta(alpha, alpha) (Yun et al. 2019).

    Targets are mixed in proportion to the areas. An image is mixed with probability `p`.
    """

    reach: ClassVar[int] = 1
    alpha: float
    p: float = 1.0

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the share of the image that is kept, and the center of the rectangle as fractions, (n, 3)."""
        weights, centers = rng.beta(self.alpha, self.alpha, (n, 1)), rng.random((n, 2))
        return np.concatenate([kept(weights, self.p, rng), centers], axis=1).astype(np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Paste the rectangles; targets are weighted by the areas after clipping at the image border."""
        scale = (1 - draws[:, 0]).sqrt()
        sides = torch.stack([scale * length for length in images.shape[-2:]], 1).long()
        mask = boxes(draws[:, 1:], sides, images.shape)
        weight = 1 - mask.float().mean((1, 2, 3))[:, None]
        return torch.where(mask, images.roll(1, 0), images), torch.lerp(targets.roll(1, 0), targets, weight)


@dataclass(frozen=True)
class MixupOrCutMix:
    """Mix each image by Mixup or, with probability `cutmix_p`, by CutMix; with probability `p` at all."""

    reach: ClassVar[int] = 1
    mixup_alpha: float
    cutmix_alpha: float
    p: float
    cutmix_p: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the weight of Mixup, the three numbers of CutMix, and whether an image is mixed by CutMix, (n, 5)."""
        mixup, cutmix = Mixup(self.mixup_alpha, self.p).draw(n, rng), CutMix(self.cutmix_alpha, self.p).draw(n, rng)
        return np.concatenate([mixup, cutmix, rng.random((n, 1)) < self.cutmix_p], axis=1, dtype=np.float32)

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images and targets, both with the previous image as it was; the images become float32."""
        mixed, mixed_targets = Mixup(self.mixup_alpha)(images, targets, draws[:, :1])
        pasted, pasted_targets = CutMix(self.cutmix_alpha)(images, targets, draws[:, 1:4])
        by_cutmix = draws[:, 4:].bool()
        return (
            torch.where(by_cutmix[:, :, None, None], pasted.float(), mixed),
            torch.where(by_cutmix, pasted_targets, mixed_targets),
        )


def kept(weights: np.ndarray, p: float, rng: np.random.Generator) -> np.ndarray:
    """Return the weights, (n, 1), or 1, which keeps an image as it is, with probability 1 - p."""
    return np.where(rng.random((len(weights), 1)) < p, weights, 1.0)
