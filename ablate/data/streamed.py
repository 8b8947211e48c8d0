"""Images that stay on disk."""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Streamed:
    """Rows of an array that is mapped from a file, uint8 (N, C, H, W); it stands where a tensor of images would.

    What is asked of it, by an index as a tensor takes it, is read then, and comes as a tensor on `device`. The process
    keeps none of it; the system's cache of files keeps what there is room for.
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
        """How many values there are."""
        return self.shape.numel()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Tensor:
        rows = self.rows[index.cpu() if isinstance(index, Tensor) else index]
        images = torch.from_numpy(self.mapped)[rows.flatten()].to(self.device)  # a list of rows: a copy, also of one
        forget(self.mapped)
        return images.view(*rows.shape, *images.shape[1:])

    def __iter__(self) -> Iterator[Tensor]:
        return (self[place] for place in range(len(self)))

    def subset(self, index: Tensor) -> "Streamed":
        """The images at `index`, in that order; none is read."""
        return Streamed(self.mapped, self.rows[index], self.device)

    def to(self, device: torch.device) -> "Streamed":
        """The same, each batch of them moved to `device` when it is read."""
        return Streamed(self.mapped, self.rows, device)


def forget(mapped: np.ndarray) -> None:
    """Give back the pages of a mapped file that were read, which else count as the process's own until it ends."""
    if isinstance(mapped.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        mapped.base.madvise(mmap.MADV_DONTNEED)


Pixels = Tensor | Streamed
