"""What the training loop needs to know of the devices of a run; for one device, most of it does nothing."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from ablate.data.streamed import Pixels
from ablate.evaluation import metrics, tta

Keep = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Share(NamedTuple):
    """What a process augments of a batch.

    Attributes:
        positions: of the images in the batch, (A,).
        keep: selects those that the process trains on, from the augmented images (A, C, H, W) and targets (A, classes).
    """

    positions: Tensor
    keep: Keep


class Devices(Protocol):
    """The devices of a run."""

    @property
    def size(self) -> int:
        """Number of processes, each with one device."""

    @property
    def stream(self) -> tuple[int, ...]:
        """Words that are added to the name of a random stream that differs between the processes."""

    def set_threads(self, threads: int | None) -> None:
        """Set the CPU threads of this process, given those of all processes together; None: PyTorch's default."""

    def place(self, device: torch.device) -> torch.device:
        """Select the device of this process, given the type. InputError if there are not enough."""

    def start(self) -> None:
        """Connect the processes; called when the images are loaded and cached."""

    def synchronized(self, model: nn.Module, batch_norm: bool) -> nn.Module:
        """Return the model; with `batch_norm`, its layers normalize by statistics over all processes."""

    def check(self, model: nn.Module, batch_size: int, batch_norm: bool) -> None:
        """Raise InputError if the smallest batch of an epoch cannot be divided; `batch_norm` as above."""

    def forward(self, model: Any) -> Callable[[Tensor], Tensor]:
        """Return the forward pass of a model whose gradients are means over the processes."""

    def share(self, batch: Tensor, reach: int | None) -> Share:
        """What this process augments of a batch.

        Args:
            batch: positions of the images, (B,).
            reach: how many images before it an augmented image depends on; None: on the whole batch.
        """

    def sum(self, values: Tensor) -> Tensor:
        """Add the values of all processes."""

    def predict(
        self, model: nn.Module, images: Pixels, prepare: Callable[[Tensor], Tensor], views: tta.Views
    ) -> Tensor:
        """Compute logits as `metrics.predict` does, in every process for all images."""


class OneDevice:
    """A run on one device, in this process."""

    size: int = 1
    stream: tuple[int, ...] = ()
    predict = staticmethod(metrics.predict)

    def set_threads(self, threads: int | None) -> None:
        """Set the CPU threads."""
        if threads:
            torch.set_num_threads(threads)

    def place(self, device: torch.device) -> torch.device:
        """Return the device."""
        return device

    def start(self) -> None:
        """Do nothing."""

    def synchronized(self, model: nn.Module, batch_norm: bool) -> nn.Module:
        """Return the model: its statistics are those of the whole batch."""
        return model

    def check(self, model: nn.Module, batch_size: int, batch_norm: bool) -> None:
        """Do nothing."""

    def forward(self, model: Any) -> Callable[[Tensor], Tensor]:
        """Return the model."""
        return model

    def share(self, batch: Tensor, reach: int | None) -> Share:
        """Return the whole batch."""
        return Share(batch, _all)

    def sum(self, values: Tensor) -> Tensor:
        """Return the values."""
        return values


def _all(images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    return images, targets


ONE_DEVICE = OneDevice()
