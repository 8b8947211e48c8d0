"""What every source of data returns."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.data.streamed import Pixels, Streamed
from ablate.terminal.errors import InputError

Part = Literal["train", "test"]
CHUNK = 2**22  # bytes of pixels


class NoTestImages(InputError):
    """The data has no test set."""


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images of one size.

    images   uint8 (N, C, H, W), values 0 to 255: a tensor, or streamed from disk
    labels   int64 (N,), indices into `classes`
    classes  names of the classes

    Raises InputError if these do not fit together, or if there is no image.
    """

    images: Pixels
    labels: Tensor
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check all of the above."""
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise InputError(f"Images must be uint8 (N, C, H, W), not {_describe(self.images)}.")
        if self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            raise InputError(f"Labels must be int64 ({len(self.images)},), one an image, not {_describe(self.labels)}.")
        if self.images.numel() == 0:
            raise InputError("There is no image in the data.")
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.classes):
            raise InputError(f"Labels must lie in 0 to {len(self.classes) - 1}, but go from {low} to {high}.")

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.images)

    def sha256(self) -> str:
        """Hash of the bytes of all images, then of their labels."""
        digest = hashlib.sha256()
        for batch in batched(self.images):
            digest.update(batch.contiguous().numpy().data)
        digest.update(self.labels.contiguous().numpy().data)
        return digest.hexdigest()

    def subset(self, indices: np.ndarray | Tensor) -> "Images":
        """The images at `indices`, integers (M,), in that order."""
        chosen = torch.as_tensor(indices)
        images = self.images.subset(chosen) if isinstance(self.images, Streamed) else self.images[chosen]
        return Images(images, self.labels[chosen], self.classes)


def batched(images: Pixels) -> Iterator[Tensor]:
    """The images in their order, as many at a time as `CHUNK` has room for."""
    size = max(1, CHUNK * len(images) // images.numel())
    return (images[start : start + size] for start in range(0, len(images), size))


def shrunk(images: Tensor, side: int) -> Tensor:
    """Images uint8 (N, C, H, W), made smaller where they exceed `side` pixels: each pixel is the mean of an area."""
    if max(images.shape[-2:]) <= side:
        return images
    return F.interpolate(images.float(), (side, side), mode="area").round().byte()


def _describe(tensor: Pixels) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
