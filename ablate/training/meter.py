"""Means over the training images of an epoch."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.training.devices.interface import Devices


class Means(NamedTuple):
    """Means over the training images of an epoch: the loss that is minimized, accuracy (fraction), cross-entropy.

    The accuracy and the cross-entropy use one class per image; for a mixed image, the one with the largest weight.
    """

    loss: float
    accuracy: float
    cross_entropy: float


class Batch(NamedTuple):
    """What a batch adds to the means: its mean loss, logits and targets (B, classes), and whether targets are mixed."""

    loss: Tensor
    logits: Tensor
    targets: Tensor
    mixed: bool


class Meter:
    """Running means, summed on the device: nothing waits for them until they are read."""

    def __init__(self, device: torch.device, criterion: nn.Module) -> None:
        self.sums = torch.zeros(3, device=device, dtype=torch.float64 if device.type == "cpu" else torch.float32)
        self.seen = 0
        self.is_cross_entropy = (
            type(criterion) is nn.CrossEntropyLoss and criterion.weight is None and not criterion.label_smoothing
        )

    def add(self, batch: Batch) -> None:
        """Add a batch."""
        loss, logits, targets, mixed = batch
        labels = targets.argmax(1)
        same = self.is_cross_entropy and not mixed
        cross_entropy = loss if same else F.cross_entropy(logits.float(), labels)
        correct = (logits.argmax(1) == labels).sum()
        self.sums += torch.stack([loss * len(logits), correct, cross_entropy * len(logits)])
        self.seen += len(logits)

    def read(self) -> Means:
        """The means so far."""
        return Means(*(self.sums / self.seen).tolist())

    def over(self, devices: Devices) -> Means:
        """The means over the images of all devices, which the meter then contains."""
        self.sums, self.seen = devices.sum(self.sums), int(devices.sum(torch.tensor(self.seen)))
        return self.read()

    def __str__(self) -> str:
        means = self.read()
        return f"loss {means.loss:.3f}  accuracy {100 * means.accuracy:.1f} %"
