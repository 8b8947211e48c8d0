"""Random rectangles of random area and aspect ratio, one per image, from numbers drawn in advance."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

ATTEMPTS = 10  # to find a rectangle that fits into the image, as in torchvision


def draw(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw area and aspect ratio of each attempt, and the position, as numbers in [0, 1): float32 (n, 22)."""
    return rng.random((n, 2 * ATTEMPTS + 2), dtype=np.float32)


def sizes(images: Tensor) -> Tensor:
    """Height and width of each image, int64 (B, 2), filled on its device: a copy from the CPU would make it wait."""
    return torch.stack([torch.full((len(images),), length, device=images.device) for length in images.shape[2:]], 1)


def rectangles(
    draws: Tensor, image_sizes: Tensor, scale: Sequence[float], ratio: Sequence[float], margin: int = 0
) -> tuple[Tensor, Tensor]:
    """Place a rectangle in each image: the first attempt that fits.

    Args:
        draws: numbers of `draw`, (B, 22).
        image_sizes: height and width of the images in pixels, int64 (B, 2).
        scale: smallest and largest area, as fractions of the image.
        ratio: smallest and largest aspect ratio, width / height, uniform on a logarithmic scale.
        margin: pixels by which height and width must be smaller than those of the image.

    Returns:
        Top, left, height and width in pixels, int64 (B, 4); and which images have a fitting attempt, bool (B,). The
        rectangle of the others has no meaning.
    """
    areas, ratios, position = draws.split([ATTEMPTS, ATTEMPTS, 2], dim=1)
    area = image_sizes.prod(1, keepdim=True) * (scale[0] + (scale[1] - scale[0]) * areas)
    root = torch.exp((math.log(ratio[0]) + math.log(ratio[1] / ratio[0]) * ratios) / 2)
    sides = torch.stack([area.sqrt() / root, area.sqrt() * root], 2).round().long()  # (B, attempts, 2)
    fits = ((sides >= 1) & (sides <= image_sizes[:, None] - margin)).all(2)
    first = (fits.cumsum(1) == 0).sum(1).clamp(max=ATTEMPTS - 1)
    chosen = sides[torch.arange(len(sides), device=sides.device), first]
    room = (image_sizes - chosen).clamp(min=0)
    start = (position * (room + 1)).long().minimum(room)  # float32 could round up to room + 1
    return torch.cat([start, chosen], 1), fits.any(1)
