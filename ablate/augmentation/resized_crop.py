"""Random resized crops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.augmentation.rectangles import draw, rectangles, sizes
from ablate.data.photographs import Photographs
from ablate.data.streamed import Pixels, loaded


@dataclass(frozen=True)
class RandomResizedCrop:
    """Cut a random part from an image and resize it to the image size (Szegedy et al. 2015).

    Its area is uniform in `scale`, a fraction of the image, and the logarithm of its aspect ratio (width / height) in
    `ratio`, as in torchvision's transform. From photographs at their own aspect ratio, the part is cut and resized with
    antialiasing at once. A part of an image of the final size is only ever enlarged.
    """

    reach: ClassVar[int] = 0
    scale: Sequence[float]
    ratio: Sequence[float]

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw area, aspect ratio and position, (n, 22)."""
        return draw(n, rng)

    def __call__(self, images: Pixels, targets: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Cut one part from each image or photograph."""
        if isinstance(images, Photographs):
            return images.resized(self.boxes(draws.cpu(), images.sizes)), targets
        whole = loaded(images)
        return enlarged(whole, self.boxes(draws, sizes(whole))), targets

    def boxes(self, draws: Tensor, of: Tensor) -> Tensor:
        """Top, left, height and width of each part, int64 (B, 4), for images of these heights and widths, (B, 2).

        Where no attempt fits, the part is the largest central one with an aspect ratio in `ratio`.
        """
        boxes, found = rectangles(draws, of, self.scale, self.ratio)
        height, width = of.unbind(1)
        narrow = (width / self.ratio[0]).round().long().minimum(height)
        short = (height * self.ratio[1]).round().long().minimum(width)
        largest = torch.stack([narrow, short], 1)
        central = torch.cat([(of - largest) // 2, largest], 1)
        return torch.where(found[:, None], boxes, central)


def enlarged(images: Tensor, boxes: Tensor) -> Tensor:
    """Enlarge a part of each image to the whole image by bilinear interpolation.

    Args:
        images: uint8 or float (B, C, H, W).
        boxes: top, left, height and width of the parts in pixels, int64 (B, 4).
    """

    def positions(axis: int, length: int) -> Tensor:
        """Where the pixels of the result lie in the image, from -1, its first pixel, to 1, its last: (B, length)."""
        start, size = boxes[:, axis, None], boxes[:, axis + 2, None]
        inside = (torch.arange(length, device=boxes.device) + 0.5) * size / length - 0.5
        return 2 * (start + inside.clamp(min=0).minimum(size - 1)) / (length - 1) - 1

    rows, columns = positions(0, images.shape[2]), positions(1, images.shape[3])
    grid = torch.stack(torch.broadcast_tensors(columns[:, None, :], rows[:, :, None]), 3)
    result = F.grid_sample(images.float(), grid.float(), padding_mode="border", align_corners=True)
    return result if images.is_floating_point() else result.round().byte()
