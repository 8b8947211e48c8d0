"""Images that are read from disk when they are needed."""

import mmap
from collections.abc import Iterator
from copy import copy
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor


class Streamed:
    """A stand-in for a tensor of images, uint8 (N, C, H, W), backed by a memory-mapped file.

    Indexing works as for a tensor: it reads the images and returns them as a tensor on `device`. The process keeps no
    image in memory; the file cache of the operating system keeps as many as fit.

    Args:
        mapped: the memory-mapped array.
        rows: indices into it, one per image; by default all.
        device: where indexing puts the images; by default the CPU.
    """

    dtype, ndim = torch.uint8, 4

    def __init__(self, mapped: np.ndarray, rows: Tensor | None = None, device: torch.device | None = None) -> None:
        self.mapped = mapped
        self.rows = torch.arange(len(mapped)) if rows is None else rows
        self.device = device or torch.device("cpu")

    @property
    def shape(self) -> torch.Size:
        """(N, C, H, W)."""
        return torch.Size([len(self.rows), *self.mapped.shape[1:]])

    def numel(self) -> int:
        """Total number of values."""
        return self.shape.numel()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Tensor:
        rows = self.rows[index.cpu() if isinstance(index, Tensor) else index]
        images = torch.from_numpy(self.mapped)[rows.flatten()].to(
            self.device
        )  # a list of rows, even of one row: a copy
        release_pages(self.mapped)
        return images.view(*rows.shape, *images.shape[1:])

    def __iter__(self) -> Iterator[Tensor]:
        return (self[index] for index in range(len(self)))

    def subset(self, index: Tensor | slice) -> Self:
        """Select the images at `index`, in that order, without reading them."""
        return self.with_rows(self.rows[index.cpu() if isinstance(index, Tensor) else index])

    def with_rows(self, rows: Tensor) -> Self:
        """Return the images in these rows of the array, int64 (N,)."""
        other = copy(self)
        other.rows = rows
        return other

    def to(self, device: torch.device) -> Self:
        """Return the same images, which indexing will put on `device`."""
        other = copy(self)
        other.device = device
        return other


def release_pages(mapped: np.ndarray) -> None:
    """Release the pages of a mapped file that were read; otherwise they count as memory of the process."""
    if isinstance(mapped.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        mapped.base.madvise(mmap.MADV_DONTNEED)


Pixels = Tensor | Streamed


def select(images: Pixels, index: Tensor | slice) -> Pixels:
    """Select images, which are not read yet if they are streamed."""
    return images.subset(index) if isinstance(images, Streamed) else images[index]


def loaded(images: Pixels) -> Tensor:
    """Return images as a tensor, uint8 (N, C, H, W); reads them if they are streamed."""
    return images[:] if isinstance(images, Streamed) else images
