"""The images that every data source returns."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.data.photographs import Photographs
from ablate.data.streamed import Pixels, select
from ablate.files.atomic import encodable
from ablate.terminal.errors import InputError

Part = Literal["train", "test"]
SplitKind = Literal["stratified", "grouped", "fixed"]  # how the validation images are chosen
CHUNK = 2**22  # bytes of pixels per batch of `batched`


class NoTestImages(InputError):
    """The data has no test set."""


@dataclass(frozen=True, eq=False)
class Images:
    """Labeled images of one size.

    Attributes:
        images: uint8 (N, C, H, W), values 0 to 255, as a tensor or streamed from disk.
        labels: int64 (N,), indices into `classes`.
        classes: names of the classes.
        files: path of each image; empty if they are not files.
        validation: bool (N,), the images of a fixed validation set; None if a share is drawn (see `split`).
        groups: int64 (N,), images of one group stay in one part of a drawn split; None without groups.

    Raises:
        InputError: a type, shape or range does not match, or there is no image.
    """

    images: Pixels
    labels: Tensor
    classes: tuple[str, ...]
    files: Sequence[str] = ()
    validation: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __post_init__(self) -> None:
        # As records have them: text in UTF-8.
        object.__setattr__(self, "classes", tuple(encodable(str(name)) for name in self.classes))
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise InputError(f"Images must be uint8 (N, C, H, W), not {_describe(self.images)}.")
        if self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            raise InputError(
                f"Labels must be int64 ({len(self.images)},), one per image, not {_describe(self.labels)}."
            )
        if self.images.numel() == 0:
            raise InputError("The data set has no images.")
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.classes):
            raise InputError(f"Labels must lie in 0 to {len(self.classes) - 1}, but range from {low} to {high}.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def split_kind(self) -> SplitKind:
        """Whether the validation set is fixed, drawn by group, or drawn by image."""
        if self.validation is not None:
            return "fixed"
        return "stratified" if self.groups is None else "grouped"

    def sha256(self) -> str:
        """Hash the bytes of all images, of their labels, and of what fixes a split: validation set and groups.

        Of photographs, the whole images and their sizes are hashed.
        """
        digest = hashlib.sha256()
        if isinstance(self.images, Photographs):
            digest.update(self.images.sizes.numpy().data)
        for pixels in _stored(self.images):
            digest.update(np.ascontiguousarray(pixels).data)
        digest.update(self.labels.contiguous().numpy().data)
        for fixed in (self.validation, self.groups):
            if fixed is not None:
                digest.update(fixed.tobytes())
        return digest.hexdigest()

    def subset(self, indices: np.ndarray | Tensor) -> "Images":
        """Select the images at `indices`, integers (M,), in that order, with their groups."""
        index = torch.as_tensor(indices)
        groups = None if self.groups is None else self.groups[index.numpy()]
        return Images(select(self.images, index), self.labels[index], self.classes, groups=groups)


def _stored(images: Pixels) -> Iterator[np.ndarray]:
    """Iterate over the pixels of images in order: batches, or whole photographs."""
    return images.whole() if isinstance(images, Photographs) else (batch.numpy() for batch in batched(images))


def batched(images: Pixels) -> Iterator[Tensor]:
    """Iterate over images in order, in batches of about `CHUNK` bytes."""
    size = max(1, CHUNK * len(images) // images.numel())
    return (images[start : start + size] for start in range(0, len(images), size))


def shrunk(images: Tensor, side: int) -> Tensor:
    """Downscale images, uint8 (N, C, H, W), to `side` x `side` pixels by area averaging; smaller ones are unchanged."""
    if max(images.shape[-2:]) <= side:
        return images
    return F.interpolate(images.float(), (side, side), mode="area").round().byte()


def _describe(tensor: Pixels) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
