"""fit(): the only training loop, the only backward()."""

import logging
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from ablate.backend import seeding
from ablate.config.schema import Config, Trainer
from ablate.data.batches import Resident, batches, step_batches
from ablate.data.streamed import select
from ablate.evaluation import metrics
from ablate.evaluation.epoch_selection import reporting_half, selection_score
from ablate.logger import Row
from ablate.model.finite import not_finite
from ablate.terminal import progress
from ablate.terminal.console import Console
from ablate.terminal.text import first_few
from ablate.training.checkpoint import Checkpoint
from ablate.training.draws import drawn
from ablate.training.meter import Batch, Means, Meter
from ablate.training.parts import Parts, steps_per_epoch
from ablate.training.reporter import Reporter

log = logging.getLogger(__name__)


@dataclass
class Selected:
    """The selected epoch: metrics, weights, validation logits (N, classes), and its selection score."""

    row: Row
    weights: dict[str, Tensor]
    val_logits: Tensor
    score: float


class Fitted(NamedTuple):
    """The selected epoch, the rows of all epochs, and whether the loss diverged.

    The validation metrics of `selected` are computed on the reporting images, those of `rows` on all validation images.
    """

    selected: Selected
    rows: list[Row]
    diverged: bool


def fit(parts: Parts, data: Resident, config: Config, reporter: Reporter, checkpoint: Checkpoint) -> Fitted:
    """Train, and select an epoch.

    Resumes from the checkpoint if there is one, and reports its epochs again. The run has diverged, and training stops,
    when the training loss, a validation logit or a weight is NaN or infinite; an earlier epoch is then selected, if
    there is one.

    Args:
        parts: of a step.
        data: the images, on the device.
        config: of the run; `trainer`, `seed` and `data.split_seed` are read.
        reporter: of each epoch's row.
        checkpoint: saved after each epoch after which it is due.
    """
    trainer = config.trainer
    reporting = reporting_half(data.val_labels, trainer.selection, config.data.split_seed, data.val_groups)
    saved = checkpoint.load(parts, trainer.epochs, (len(data.val_labels), data.targets.shape[1]))
    rows: list[Row] = saved["rows"] if saved else []
    selected = Selected(**saved["selected"]) if saved else None
    if rows:
        log.info("resumes from epoch %d of %d", len(rows) + 1, trainer.epochs)
        reporter.log_again(rows)
    for epoch in range(len(rows) + 1, trainer.epochs + 1):
        row, val_logits = fit_epoch(parts, data, config, epoch, reporter.console)
        rows.append(row)
        reporter.log(rows)
        current = parts.average.module.state_dict()
        finite = math.isfinite(row["train_loss"]) and bool(val_logits.isfinite().all()) and are_finite(current)
        score = selection_score(epoch, val_logits, data.val_labels, reporting, trainer.monitor)
        if selected is None or (finite and score > selected.score):
            weights = {name: value.detach().cpu().clone() for name, value in current.items()}
            selected = Selected(row, weights, val_logits, score)
        if not finite:
            return Fitted(reported(selected, data.val_labels, reporting), rows, True)
        if checkpoint.is_due:
            # Shared tensors are saved once. A plain dict, like the selected weights, keeps the file identical.
            weights = dict(current) if selected.row is row else selected.weights
            checkpoint.save(parts, {"rows": rows, "selected": {**vars(selected), "weights": weights}})
    assert selected is not None  # the schema has epochs >= 1
    return Fitted(reported(selected, data.val_labels, reporting), rows, False)


def are_finite(weights: Mapping[str, Tensor]) -> bool:
    """Whether no weight is NaN or infinite; logs which one is."""
    if wrong := not_finite(weights):
        log.warning(
            "Weights are NaN or infinite: %s. Try a smaller optimizer.lr or trainer.grad_clip.", first_few(wrong)
        )
    return not wrong


def reported(selected: Selected, labels: Tensor, reporting: Tensor) -> Selected:
    """The selected epoch with the validation loss and accuracy of the `reporting` images alone."""
    val = metrics.metrics(selected.val_logits[reporting], labels[reporting])
    return replace(selected, row={**selected.row, "val_loss": val["loss"], "val_accuracy": val["accuracy"]})


def fit_epoch(parts: Parts, data: Resident, config: Config, epoch: int, console: Console) -> tuple[Row, Tensor]:
    """Train one epoch and validate. Return its row of metrics.csv and the validation logits (N, classes)."""
    trainer = config.trainer
    started = time.perf_counter()
    rate = float(parts.scheduler.get_last_lr()[0])
    train, images, seconds = train_epoch(parts, data, trainer, epoch, config.seed, console)
    with parts.precision():
        val_logits = parts.devices.predict(parts.average.module, data.val_images, parts.pixels, parts.views)
    val = metrics.metrics(val_logits, data.val_labels)
    row: Row = {
        "epoch": epoch,
        "step": epoch * steps_per_epoch(len(data.images), trainer),
        "learning_rate": rate,
        "train_loss": train.loss,
        "train_accuracy": train.accuracy,
        "val_loss": val["loss"],
        "val_accuracy": val["accuracy"],
        "seconds": time.perf_counter() - started,
        "images_per_second": images / seconds,
        "train_cross_entropy": train.cross_entropy,
    }
    return row, val_logits


def train_epoch(
    parts: Parts, data: Resident, trainer: Trainer, epoch: int, seed: int, console: Console
) -> tuple[Means, int, float]:
    """One pass over the training images: means over them, images seen, seconds."""
    order, draws = drawn(parts.augment, data, trainer.sampler, epoch, seed)
    meter = Meter(data.images.device, parts.criterion)
    started = time.perf_counter()
    parts.model.train()
    for module in parts.frozen:
        module.eval()
    parts.average.start()
    with seeding.scope(seed, "dropout", epoch, *parts.devices.stream):
        positions, title = torch.arange(len(order), device=order.device), f"epoch {epoch}/{trainer.epochs}"
        steps = step_batches(positions, trainer.batch_size, trainer.accumulate)
        further = trainer.epochs - epoch
        for step in progress.track(steps, title, status=meter, lines=True, console=console, further=further):
            gradient = partial(add_gradient, parts, data, order, draws, step)
            parts.optimizer.zero_grad()
            seen = gradient()
            parts.perturb(gradient)  # SAM; nothing for other optimizers
            parts.scaler.unscale_(parts.optimizer)
            parts.clip(parts.model.parameters())
            parts.scaler.step(parts.optimizer)
            parts.scaler.update()
            parts.scheduler.step()
            parts.average.update_parameters(parts.model)
            for batch in seen:
                meter.add(batch)
        parts.average.finish(parts.model, inputs(parts, data, order, draws, batches(positions, trainer.batch_size)))
    means = meter.over(parts.devices)
    return means, meter.seen, time.perf_counter() - started


def add_gradient(
    parts: Parts, data: Resident, order: Tensor, draws: Sequence[Tensor], step: Sequence[Tensor]
) -> list[Batch]:
    """Augment, forward, loss, backward: add the gradient of the mean loss over the batches of a step.

    Args:
        parts: of a step.
        data: the images.
        order: of the images in the epoch, (N,).
        draws: random numbers of the augmentation, whose rows are in the order of `order`.
        step: positions in `order` of the images of each batch.
    """
    seen, images_of_step = [], sum(map(len, step))
    for batch in step:
        images, targets, mixed = augmented(parts, data, order, draws, batch)
        with parts.precision():
            logits = parts.forward(parts.pixels(images))
            taught = parts.teacher(images)
        loss = parts.criterion(logits.float(), targets, *taught)
        parts.scaler.scale(loss * (len(targets) * parts.devices.size / images_of_step)).backward()
        seen.append(Batch(loss.detach(), logits.detach(), targets, mixed))
    return seen


def inputs(
    parts: Parts, data: Resident, order: Tensor, draws: Sequence[Tensor], step: Iterable[Tensor]
) -> Iterator[Tensor]:
    """Yield the model's input for each batch, augmented as in training; the arguments are those of `add_gradient`."""
    for batch in step:
        images, *_ = augmented(parts, data, order, draws, batch)
        yield parts.pixels(images)


def augmented(
    parts: Parts, data: Resident, order: Tensor, draws: Sequence[Tensor], batch: Tensor
) -> tuple[Tensor, Tensor, bool]:
    """Augment a batch; on several devices, the part of this one. The arguments are those of `add_gradient`.

    Returns:
        Images (B, C, H, W), their targets (B, classes), and whether targets are mixed.
    """
    positions, keep = parts.devices.share(batch, parts.augment.reach)
    index = order[positions]
    one_hot = data.targets[data.labels[index]]
    images, targets = parts.augment(select(data.images, index), one_hot, [d[positions] for d in draws])
    return (*keep(images, targets), targets is not one_hot)
