"""Images on the device, or streamed to it, and what turns them into batches."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.data.prepare import Prepared
from ablate.data.streamed import Pixels


@dataclass(frozen=True)
class Resident:
    """A run's images on its device, or streamed to it: uint8 (N, C, H, W); training targets are class probabilities.

    `index` (N,) says which of the `source` images of the data set each training image is.
    """

    images: Pixels
    targets: Tensor
    index: np.ndarray
    source: int
    val_images: Pixels
    val_labels: Tensor


def resident(data: Prepared, device: torch.device) -> Resident:
    """Move the images to `device`; validation labels stay on the CPU, where the logits are compared."""
    targets = F.one_hot(data.train.labels, len(data.classes)).float()
    return Resident(
        images=data.train.images.to(device),
        targets=targets.to(device),
        index=data.train_index,
        source=data.source,
        val_images=data.val.images.to(device),
        val_labels=data.val.labels,
    )


def batches(order: Tensor, size: int) -> list[Tensor]:
    """Split an order of image indices into batches; a last batch of one is left out, for it has no batch statistics."""
    parts = list(order.split(size))
    return parts[:-1] if len(parts) > 1 and len(parts[-1]) == 1 else parts


def scaling(mean: Tensor, std: Tensor, device: torch.device, layout: torch.memory_format) -> Callable[[Tensor], Tensor]:
    """The function from uint8 pixels (B, C, H, W) to the model's input: (pixels / 255 - mean) / std, float32."""
    shift, divisor = ((255 * values).view(1, -1, 1, 1).to(device) for values in (mean, std))

    def pixels(batch: Tensor) -> Tensor:
        return ((batch.to(device) - shift) / divisor).contiguous(memory_format=layout)

    return pixels
