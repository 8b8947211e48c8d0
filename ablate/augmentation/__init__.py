"""Augmentation of training images: `geometry`, `resized_crop`, `erasing`, `mixing`, and torchvision's transforms in
`policy`.

A step separates drawing random numbers from applying them. `draw(n, rng)` returns k random numbers for each of n
images, shape (n, k). `step(images, targets, draws)` applies them, shapes (B, C, H, W), (B, classes) and (B, k). Numbers
are drawn for a whole epoch at once, so that the augmentation of an image depends on (seed, epoch, image) and not on its
batch.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from torch import Tensor

from ablate.augmentation.resized_crop import RandomResizedCrop
from ablate.data.streamed import Pixels, loaded


class Step(Protocol):
    """One augmentation. Its images are uint8, or float32 in [0, 255] after a mixing step.

    `reach`, an optional attribute, is how many images before it in the batch an augmented image depends on: 0, or 1 for
    mixing. Without it, an image may depend on the whole batch.
    """

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw random numbers for n images, shape (n, k)."""

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the draws; return images (B, C, H, W) and targets, class probabilities (B, classes)."""


class Augmentation:
    """A sequence of steps, possibly empty."""

    def __init__(self, steps: Mapping[str, Step]) -> None:
        self.steps = dict(steps)

    @property
    def reach(self) -> int | None:
        """How many images before it in the batch an augmented image depends on; None: on the whole batch."""
        reaches = [getattr(step, "reach", None) for step in self.steps.values()]
        return None if None in reaches else sum(reach for reach in reaches if reach is not None)

    def draw(self, n: int, stream: Callable[[str], np.random.Generator]) -> list[np.ndarray]:
        """Draw the random numbers of an epoch.

        Args:
            n: number of images.
            stream: returns the generator for the name of a step.

        Returns:
            One array (n, k) per step.
        """
        return [step.draw(n, stream(name)) for name, step in self.steps.items()]

    def __call__(self, images: Pixels, targets: Tensor, draws: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Apply all steps to a batch.

        Args:
            images: uint8 (B, C, H, W); streamed images and photographs are read here. If the first step is a random
                resized crop, it cuts from whole photographs; any other step takes their center crops.
            targets: class probabilities (B, classes).
            draws: for each step, the rows of the epoch's draws for these images, (B, k).
        """
        for step, numbers in zip(self.steps.values(), draws, strict=True):
            if isinstance(step, RandomResizedCrop):
                images, targets = step(images, targets, numbers)
            else:
                images, targets = step(loaded(images), targets, numbers)
        return loaded(images), targets
