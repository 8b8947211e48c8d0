"""Build the parts of a training step from a configuration and its data."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ablate.augmentation import Augmentation
from ablate.backend.compiler import compiled, remove_compiler_wrappers
from ablate.backend.hardware import (
    autocast,
    keep_memory,
    pick_device,
    pick_precision,
    reset_peak_memory,
    set_deterministic,
)
from ablate.config.schema import Trainer
from ablate.data.batches import batches, scaling, step_batches
from ablate.data.prepare import Prepared, prepare
from ablate.data.streamed import Pixels
from ablate.evaluation import tta
from ablate.model import pretrained
from ablate.model.build import build_model, fine_tuning
from ablate.model.freezing import freeze
from ablate.model.initialization import initialize
from ablate.model.speednet import Whitening
from ablate.training.class_weights import build_loss
from ablate.training.devices.interface import ONE_DEVICE, Devices
from ablate.training.head_warmup import scheduled
from ablate.training.teacher import Teacher, teacher_of
from ablate.training.teacher_images import check_teacher
from ablate.training.user_parts import check_user_parts
from ablate.training.weight_averaging import Average, averaged

FIT_PIXELS = 5000 * 32 * 32  # pixels of the images from which data-dependent weights are computed


def clipper(norm: float | None) -> Callable[..., object]:
    """Return a function that limits the norm of all gradients together; without a norm it does nothing."""
    return partial(nn.utils.clip_grad_norm_, max_norm=norm) if norm else lambda parameters: None


@dataclass
class Parts:
    """The parts of a training step.

    Attributes:
        forward: the model or its compiled form.
        frozen: modules that stay unchanged.
        perturb: replaces the gradients by those at perturbed weights, with the function that adds them
            (`optimizer=sam`); does nothing for other optimizers.
        scaler: scales the loss so that no gradient underflows in fp16; does nothing in other precisions.
        teacher: returns the logits of a teacher (`loss=distillation`) as a further argument of the criterion.
        devices: one, or several, each of which trains on a part of each batch.
    """

    model: nn.Module
    forward: Callable[[Tensor], Tensor]
    augment: Augmentation
    pixels: Callable[[Tensor], Tensor]
    criterion: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    clip: Callable[..., object]
    perturb: Callable[[Callable[[], object]], None]
    scaler: torch.amp.GradScaler
    teacher: Teacher
    average: Average
    views: tta.Views
    precision: Callable[[], AbstractContextManager]
    frozen: list[nn.Module]
    devices: Devices


def load_and_build(config: DictConfig, devices: Devices = ONE_DEVICE) -> tuple[Parts, Prepared, torch.device, str]:
    """Load the images and build the parts of a step; also returns the device and the precision (fp32, bf16 or fp16)."""
    trainer = config.trainer
    devices.set_threads(trainer.threads)
    device = devices.place(pick_device(trainer.device))
    keep_memory()
    reset_peak_memory(device)
    set_deterministic(trainer.deterministic)
    precision = pick_precision(trainer.precision, device)
    check_teacher(config)
    data = prepare(config.data)
    check_user_parts(config, len(data.classes))
    devices.start()
    return build(config, data, device, precision, devices), data, device, precision


def build(
    config: DictConfig, data: Prepared, device: torch.device, precision: str, devices: Devices = ONE_DEVICE
) -> Parts:
    """Build each part of a training step from its configuration group.

    Args:
        config: the configuration of the run.
        data: its images.
        device: where to train.
        precision: fp32, bf16 or fp16.
        devices: one or several.
    """
    trainer = config.trainer
    layout = torch.channels_last if trainer.channels_last else torch.contiguous_format
    pixels = scaling(data.mean, data.std, device, layout)
    model = initialize(partial(build_model, config, data), config.seed)
    pretrained.load(model, config, data)
    model.to(device, memory_format=layout)  # type: ignore[call-overload]  # documented by PyTorch, but missing in its types
    fit_to_data(model, data.train.images, pixels)
    devices.check(model, smallest_batch(len(data.train.images), trainer), trainer.sync_batchnorm)
    model = devices.synchronized(model, trainer.sync_batchnorm)
    tuning = fine_tuning(config.model)
    frozen = freeze(model, tuning["freeze"])
    optimizer = instantiate(config.optimizer, model=model)
    steps = steps_per_epoch(len(data.train.images), trainer)
    factor = instantiate(config.schedule, epochs=trainer.epochs, steps_per_epoch=steps)
    criterion = build_loss(config.loss, data.train, device)
    return Parts(
        model=model,
        forward=devices.forward(compiled(model) if trainer.compile else model),
        augment=Augmentation({name: instantiate(step) for name, step in config.augmentation.items()}),
        pixels=pixels,
        criterion=criterion,
        optimizer=optimizer,
        scheduler=scheduled(optimizer, factor, model, steps * (tuning["head_warmup_epochs"] or 0)),
        clip=clipper(trainer.grad_clip),
        perturb=getattr(optimizer, "perturb", lambda gradient: None),
        scaler=torch.amp.GradScaler(device.type, enabled=precision == "fp16"),
        teacher=teacher_of(criterion, data.inputs, device),
        average=averaged(model, optimizer, trainer),
        views=tta.OPTIONS[trainer.tta],
        precision=autocast(precision, device.type),
        frozen=frozen,
        devices=devices,
    )


def steps_per_epoch(images: int, trainer: Trainer) -> int:
    """Optimizer steps per epoch of so many training images; a last step may have fewer images."""
    return len(step_batches(torch.arange(images), trainer.batch_size, trainer.accumulate))


def smallest_batch(images: int, trainer: Trainer) -> int:
    """Images of the smallest batch in an epoch of so many training images."""
    return len(batches(torch.arange(images), trainer.batch_size)[-1])


def fit_to_data(model: nn.Module, images: Pixels, pixels: Callable[[Tensor], Tensor]) -> None:
    """Compute the weights of layers that depend on the data.

    Args:
        model: the model, changed in place.
        images: training images, uint8 (N, C, H, W).
        pixels: converts them to the model's input.
    """
    subset = images[: max(1, FIT_PIXELS // images.shape[2:].numel())]
    for layer in model.modules():
        if isinstance(layer, Whitening):
            layer.fit(pixels(subset).cpu())


def forward_pass(model: nn.Module, pixels: Callable[[Tensor], Tensor], images: Tensor) -> tuple[Any, int]:
    """Logits, and the multiply-accumulate operations of a forward pass in convolutions and matrix products.

    Args:
        model: the model, left in evaluation mode.
        pixels: converts images to the model's input.
        images: one image, uint8 (1, C, H, W).
    """
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        remove_compiler_wrappers(type(counter.mode))
        logits = model(pixels(images))
    return logits, counter.get_total_flops() // 2
