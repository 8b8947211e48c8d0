"""Images on the run's device, or streamed to it, and their batches."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ablate.data.prepare import Prepared
from ablate.data.streamed import Pixels


@dataclass(frozen=True)
class Resident:
    """The images of a run on its device, or streamed to it.

    Attributes:
        images: training images, uint8 (N, C, H, W).
        labels: their labels, int64 (N,).
        targets: class probabilities of an image of each class, one-hot, float32 (classes, classes).
        index: position of each training image among the `source` images of the data set, int64 (N,).
        source: number of images in the data set's training part, before the split.
        val_images: validation images, uint8 (M, C, H, W).
        val_labels: their labels, int64 (M,), on the CPU.
        val_groups: their groups, int64 (M,); None without groups.
    """

    images: Pixels
    labels: Tensor
    targets: Tensor
    index: np.ndarray
    source: int
    val_images: Pixels
    val_labels: Tensor
    val_groups: np.ndarray | None = None


def resident(data: Prepared, device: torch.device) -> Resident:
    """Move the images to `device`. Validation labels stay on the CPU, where they are compared with the logits."""
    return Resident(
        images=data.train.images.to(device),
        labels=data.train.labels.to(device),
        targets=torch.eye(len(data.classes), device=device),
        index=data.train_index,
        source=data.source,
        val_images=data.val.images.to(device),
        val_labels=data.val.labels,
        val_groups=data.val.groups,
    )


def batches(order: Tensor, size: int) -> list[Tensor]:
    """Split image indices into batches.

    Drops a last batch of one image, which has no batch statistics, unless all batches have one image.
    """
    parts = list(order.split(size))
    return parts[:-1] if size > 1 and len(parts) > 1 and len(parts[-1]) == 1 else parts


def step_batches(order: Tensor, size: int, accumulate: int) -> list[list[Tensor]]:
    """Split image indices into the batches of each optimizer step; the last step may have fewer than `accumulate`."""
    parts = batches(order, size)
    return [parts[first : first + accumulate] for first in range(0, len(parts), accumulate)]


def scaling(mean: Tensor, std: Tensor, device: torch.device, layout: torch.memory_format) -> Callable[[Tensor], Tensor]:
    """Return the function from uint8 pixels (B, C, H, W) to the model's input, float32: (pixels / 255 - mean) / std.

    Args:
        mean: (C,), of pixels in [0, 1].
        std: (C,), of pixels in [0, 1].
        device: where the input is computed.
        layout: memory format of the input.
    """
    shift, divisor = ((255 * values).view(1, -1, 1, 1).to(device) for values in (mean, std))

    def pixels(batch: Tensor) -> Tensor:
        batch = batch.to(device)
        if layout == torch.channels_last and len(mean) > 1:
            return by_row(batch.contiguous(memory_format=layout))
        return ((batch - shift) / divisor).contiguous(memory_format=layout)

    def by_row(batch: Tensor) -> Tensor:
        """The same for a batch in memory as (B, H, W, C): with rows of W * C numbers, not of C, five times as fast."""
        n, channels, height, width = batch.shape
        rows = batch.permute(0, 2, 3, 1).reshape(n, height, width * channels).float()
        row_shift, row_divisor = shift.flatten().repeat(width), divisor.flatten().repeat(width)
        return (rows - row_shift).div_(row_divisor).view(n, height, width, channels).permute(0, 3, 1, 2)

    return pixels
