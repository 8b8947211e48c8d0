"""Images of different sizes: photographs at their own aspect ratio."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ablate.data.aspect import center
from ablate.data.streamed import Streamed, release_pages

SIZE_BYTES = 8  # height and width of a photograph in an array


class Photographs(Streamed):
    """A stand-in for a tensor of images, uint8 (N, 3, S, S), that holds photographs at their own aspect ratio.

    Indexing returns their center crops. `subset` selects whole photographs, from which `resized` cuts any part.

    Args:
        stored: uint8 (bytes,), in memory or memory-mapped: the pixels of each photograph, (height, width, 3), one after
            another, and then their heights and widths, uint32 (N, 2). See `cache.photographs`.
        count: number of photographs, N.
        image_size: height and width of the center crop, S, in pixels; at most the shorter side of a photograph.
    """

    def __init__(self, stored: np.ndarray, count: int, image_size: int) -> None:
        super().__init__(stored, torch.arange(count))
        self.image_size = image_size
        self.all_sizes = stored_sizes(stored, count)
        self.starts = np.concatenate([[0], (3 * self.all_sizes.prod(1)).cumsum()])

    @property
    def shape(self) -> torch.Size:
        """(N, 3, S, S), of the center crops."""
        return torch.Size([len(self.rows), 3, self.image_size, self.image_size])

    @property
    def sizes(self) -> Tensor:
        """Height and width of each photograph, int64 (N, 2)."""
        return torch.from_numpy(self.all_sizes[self.rows.numpy()])

    def __getitem__(self, index: Any) -> Tensor:
        rows = self.rows[index.cpu() if isinstance(index, Tensor) else index]
        chosen, size = self.with_rows(rows.flatten()), self.image_size
        boxes = [(center(height, size), center(width, size), size, size) for height, width in chosen.sizes.tolist()]
        return chosen.resized(torch.tensor(boxes).view(-1, 4)).view(*rows.shape, 3, size, size)

    def resized(self, boxes: Tensor) -> Tensor:
        """Cut a part from each photograph and resize it, bilinear with antialiasing.

        Args:
            boxes: top, left, height and width of the parts in pixels, int64 (N, 4).

        Returns:
            uint8 (N, 3, S, S) on the device.
        """
        side = self.image_size
        result = np.empty((len(self), side, side, 3), np.uint8)
        for row, box, image in zip(self.rows.tolist(), boxes.tolist(), result, strict=True):
            _resize(self._photograph(row), box, image)
        release_pages(self.mapped)
        return torch.from_numpy(result).permute(0, 3, 1, 2).to(self.device)

    def whole(self) -> Iterator[np.ndarray]:
        """Iterate over the photographs, each uint8 (height, width, 3)."""
        for row in self.rows.tolist():
            yield self._photograph(row)
            release_pages(self.mapped)

    def _photograph(self, row: int) -> np.ndarray:
        return self.mapped[self.starts[row] : self.starts[row + 1]].reshape(*self.all_sizes[row], 3)


def stored_sizes(stored: np.ndarray, count: int) -> np.ndarray:
    """Heights and widths at the end of an array of photographs, int64 (count, 2)."""
    return stored[len(stored) - SIZE_BYTES * count :].copy().view("<u4").reshape(count, 2).astype(np.int64)


def fits(stored: np.ndarray, count: int) -> bool:
    """Return True if an array has the pixels and sizes of `count` photographs."""
    pixels = len(stored) - SIZE_BYTES * count
    return stored.ndim == 1 and 0 <= pixels == 3 * stored_sizes(stored, count).prod(1).sum()


def _resize(photograph: np.ndarray, box: list[int], result: np.ndarray) -> None:
    """Write the part of a photograph in a box, uint8 (height, width, 3), to `result`, uint8 (S, S, 3)."""
    top, left, height, width = box
    part = photograph[top : top + height, left : left + width]
    if part.shape == result.shape:
        result[:] = part
        return
    source, target = (torch.from_numpy(np.ascontiguousarray(a)).permute(2, 0, 1)[None] for a in (part, result))
    # `F.interpolate` has no `out`; it takes four times as long, since it allocates and its result is copied.
    torch.ops.aten._upsample_bilinear2d_aa.out(source, result.shape[:2], False, None, None, out=target)
