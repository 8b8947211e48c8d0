"""Training steps of a configuration: those of the package, and bare ones on a batch that is ready on the device."""

from collections.abc import Callable
from dataclasses import replace

import torch
from rich.console import Console
from torch import Tensor

from ablate.augmentation import Augmentation
from ablate.data.batches import resident
from ablate.training import loop
from ablate.training.parts import load_and_build
from benchmarks.gpu_parts.part import configured, synchronized


class Steps:
    """The parts of a training step and the images of the configuration of `words`."""

    def __init__(self, words: list[str]) -> None:
        self.config = configured(words)
        self.parts, data, device, _ = load_and_build(self.config)
        self.data, self.size = resident(data, device), self.config.trainer.batch_size

    def package(self, augment: Augmentation | None = None) -> float:
        """Train an epoch with the package, with its augmentation or another; return images per second."""
        parts = replace(self.parts, augment=augment) if augment else self.parts
        began = synchronized()
        *_, seen, _ = loop.train_epoch(parts, self.data, self.config.trainer, 1, 0, Console(quiet=True))
        return seen / (synchronized() - began)

    def bare(self, steps: int, forward: Callable[[Tensor], Tensor] | None = None) -> float:
        """Take `steps` steps (forward, loss, backward, optimizer) on one batch; return images per second."""
        parts = self.parts
        inputs, targets = parts.pixels(self.data.images[: self.size]), self.data.targets[self.data.labels[: self.size]]
        parts.model.train()
        began = synchronized()
        for _ in range(steps):
            torch.compiler.cudagraph_mark_step_begin()
            parts.optimizer.zero_grad()
            with parts.precision():
                logits = (forward or parts.model)(inputs)
            parts.criterion(logits.float(), targets).backward()
            parts.optimizer.step()
        return len(inputs) * steps / (synchronized() - began)
