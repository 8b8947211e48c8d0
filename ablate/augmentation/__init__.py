"""Random changes of training images: `geometry`, `erasing`, `mixing`, and torchvision's learned ones in `policy`.

A step is two functions of numbers that are drawn first: `draw(n, rng)` gives the random numbers of n images, shape
(n, k), and `step(images, targets, draws)` applies them, shapes (B, C, H, W), (B, classes) and (B, k). Drawing for a
whole epoch at once makes what an image gets depend on (seed, epoch, image), not on the batch it is in.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from torch import Tensor


class Step(Protocol):
    """One augmentation; images are uint8, or float32 in [0, 255] after a mixing step."""

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Random numbers for n images, shape (n, k)."""

    def __call__(self, images: Tensor, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Images and targets (class probabilities), changed."""


class Augmentation:
    """Steps applied one after another; no steps leave the images as they are."""

    def __init__(self, steps: Mapping[str, Step]) -> None:
        self.steps = dict(steps)

    def draw(self, n: int, stream: Callable[[str], np.random.Generator]) -> list[np.ndarray]:
        """An epoch's random numbers for n images, (n, k) a step, each step's from the stream of its own name."""
        return [step.draw(n, stream(name)) for name, step in self.steps.items()]

    def __call__(self, images: Tensor, targets: Tensor, draws: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Apply all steps to a batch whose own rows of the epoch's draws are given."""
        for step, numbers in zip(self.steps.values(), draws, strict=True):
            images, targets = step(images, targets, numbers)
        return images, targets
