"""fit(): the only training loop, the only backward()."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from rich.console import Console
from torch import Tensor, nn

from ablate.augmentation import Augmentation
from ablate.backend import seeding
from ablate.config.schema import Config, Trainer
from ablate.data.batches import Resident, batches
from ablate.evaluation import metrics, tta
from ablate.logger import Logger, Row
from ablate.terminal import progress
from ablate.training.averaging import Average
from ablate.training.checkpoint import Checkpoint


def clipper(norm: float | None) -> Callable[..., object]:
    """Limit the norm of all gradients together; without a norm, leave them."""
    return partial(nn.utils.clip_grad_norm_, max_norm=norm) if norm else lambda parameters: None


@dataclass
class Parts:
    """What a step is made of. `forward` is the model or its compiled form."""

    model: nn.Module
    forward: Callable[[Tensor], Tensor]
    augment: Augmentation
    pixels: Callable[[Tensor], Tensor]
    criterion: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    clip: Callable[..., object]
    average: Average
    views: tta.Views
    precision: Callable[[], AbstractContextManager]


@dataclass
class Selected:
    """An epoch's figures, weights and validation logits (N, classes)."""

    row: Row
    weights: dict[str, Tensor]
    val_logits: Tensor


class Fitted(NamedTuple):
    """The selected epoch, the rows of all epochs, and whether the loss diverged."""

    selected: Selected
    rows: list[Row]
    diverged: bool


@dataclass
class Reporter:
    """Where the figures of each epoch go: every logger, and a line on the console."""

    loggers: Sequence[Logger]
    console: Console
    epochs: int

    def log(self, row: Row) -> None:
        """Report an epoch."""
        for logger in self.loggers:
            logger.log(row)
        self.console.print(progress.epoch_line(row, self.epochs), highlight=False, soft_wrap=True)

    def close(self, result: Row | None) -> None:
        """Close the loggers with the row of the selected epoch; None of a run that was interrupted."""
        for logger in self.loggers:
            logger.close(result)


def fit(parts: Parts, data: Resident, config: Config, reporter: Reporter, checkpoint: Checkpoint) -> Fitted:
    """Train, and select an epoch.

    Resumes from the checkpoint if there is one: its epochs are reported again, not trained again. Training ends early
    only when the loss or a logit is no longer a finite number; the selected epoch is then a finite one, if any was.

    Args:
        parts: of a step.
        data: the images, on the device.
        config: of the run; `trainer` and `seed` are read.
        reporter: of each epoch's row.
        checkpoint: saved after each epoch.
    """
    trainer = config.trainer
    saved = checkpoint.load(parts)
    rows: list[Row] = saved["rows"] if saved else []
    selected = Selected(**saved["selected"]) if saved else None
    for row in rows:
        reporter.log(row)
    for epoch in range(len(rows) + 1, trainer.epochs + 1):
        row, val_logits = fit_epoch(parts, data, config, epoch, reporter.console)
        rows.append(row)
        reporter.log(row)
        finite = math.isfinite(row["train_loss"]) and bool(val_logits.isfinite().all())
        current = parts.average.module.state_dict()
        if selected is None or (
            finite and (trainer.selection == "last" or row["val_accuracy"] > selected.row["val_accuracy"])
        ):
            weights = {name: value.detach().cpu().clone() for name, value in current.items()}
            selected = Selected(row, weights, val_logits)
        if not finite:
            return Fitted(selected, rows, True)
        # The model's own are not written twice. A plain dict, as those selected are: the same weights, the same file.
        weights = dict(current) if selected.row is row else selected.weights
        checkpoint.save(parts, {"rows": rows, "selected": {**vars(selected), "weights": weights}})
    assert selected is not None  # the schema has epochs >= 1
    return Fitted(selected, rows, False)


def fit_epoch(parts: Parts, data: Resident, config: Config, epoch: int, console: Console) -> tuple[Row, Tensor]:
    """Train an epoch and validate: its row of metrics.csv, and the validation logits (N, classes)."""
    trainer = config.trainer
    started = time.perf_counter()
    rate = float(parts.scheduler.get_last_lr()[0])
    loss, accuracy, images, seconds = train_epoch(parts, data, trainer, epoch, config.seed, console)
    with parts.precision():
        val_logits = metrics.predict(parts.average.module, data.val_images, parts.pixels, parts.views)
    val = metrics.metrics(val_logits, data.val_labels)
    row: Row = {
        "epoch": epoch,
        "step": epoch * len(batches(torch.arange(len(data.images)), trainer.batch_size)),
        "learning_rate": rate,
        "train_loss": loss,
        "train_accuracy": accuracy,
        "val_loss": val["loss"],
        "val_accuracy": val["accuracy"],
        "seconds": time.perf_counter() - started,
        "images_per_second": images / seconds,
    }
    return row, val_logits


def train_epoch(
    parts: Parts, data: Resident, trainer: Trainer, epoch: int, seed: int, console: Console
) -> tuple[float, float, int, float]:
    """One pass over the training images: mean loss, accuracy, images seen, seconds."""
    order, draws = drawn(parts.augment, data, epoch, seed)
    meter = Meter(data.images.device)
    started = time.perf_counter()
    parts.model.train()
    with seeding.scope(seed, "dropout", epoch):
        steps, title = batches(order, trainer.batch_size), f"epoch {epoch}/{trainer.epochs}"
        for index in progress.track(steps, title, status=meter, lines=True, console=console):
            images, targets = parts.augment(data.images[index], data.targets[index], [d[index] for d in draws])
            with parts.precision():
                logits = parts.forward(parts.pixels(images))
            loss = parts.criterion(logits.float(), targets)
            parts.optimizer.zero_grad()
            loss.backward()
            parts.clip(parts.model.parameters())
            parts.optimizer.step()
            parts.scheduler.step()
            parts.average.update_parameters(parts.model)
            meter.add(loss.detach(), logits.detach(), targets)
    mean, accuracy = meter.read()
    return mean, accuracy, meter.seen, time.perf_counter() - started


def drawn(augment: Augmentation, data: Resident, epoch: int, seed: int) -> tuple[Tensor, list[Tensor]]:
    """Draw the order of the images in an epoch, and the random numbers of their augmentation.

    They are drawn for all images of the source, so that those of an image do not depend on the training subset.
    """
    device = data.images.device
    ranks = seeding.stream(seed, "order", epoch).random(data.source)[data.index]
    draws = augment.draw(data.source, lambda step: seeding.stream(seed, "augmentation", step, epoch))
    order = torch.from_numpy(ranks.argsort(kind="stable"))
    return order.to(device), [torch.from_numpy(numbers[data.index]).to(device) for numbers in draws]


class Meter:
    """Running loss and accuracy, summed on the device: nothing waits for it until it is read."""

    def __init__(self, device: torch.device) -> None:
        self.sums = torch.zeros(2, device=device, dtype=torch.float64 if device.type == "cpu" else torch.float32)
        self.seen = 0

    def add(self, loss: Tensor, logits: Tensor, targets: Tensor) -> None:
        """Add a batch: its mean loss, logits and targets (B, classes)."""
        correct = (logits.argmax(1) == targets.argmax(1)).sum()
        self.sums += torch.stack([loss * len(logits), correct])
        self.seen += len(logits)

    def read(self) -> tuple[float, float]:
        """Mean loss and accuracy so far."""
        loss, correct = (self.sums / self.seen).tolist()
        return loss, correct

    def __str__(self) -> str:
        loss, accuracy = self.read()
        return f"loss {loss:.3f}  accuracy {100 * accuracy:.1f} %"
