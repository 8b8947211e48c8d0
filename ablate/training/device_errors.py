"""Errors of the device as messages with a remedy: out of memory, or no deterministic implementation."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from omegaconf import OmegaConf

from ablate.config.schema import Trainer
from ablate.data.batches import Resident
from ablate.data.streamed import select
from ablate.terminal.console import Console
from ablate.terminal.errors import InputError
from ablate.training import loop
from ablate.training.parts import Parts

CPU_MEMORY = "DefaultCPUAllocator"  # in the message of the RuntimeError; PyTorch has no class for it
TOO_FEW = re.compile("Expected more than 1 (value per channel|spatial element) when training")  # of a normalization
TOO_FEW_ADVICE = {
    "value per channel": "Batch normalization needs at least two values per channel, but trainer.batch_size={} gives"
    " one. Use a larger trainer.batch_size, or another normalization.",
    "spatial element": "Instance normalization needs feature maps larger than one pixel. Use larger images, a smaller"
    " model, or another normalization.",
}
NONDETERMINISTIC = re.compile(r"(\S+)(?: with .*)? does not have a deterministic implementation")


@contextmanager
def explained(parts: Parts, data: Resident, trainer: Trainer, seed: int) -> Iterator[None]:
    """Convert out-of-memory, determinism and normalization errors of training steps in the block to InputError.

    After an out-of-memory error, further steps are taken to find a batch size that fits, so `parts` must not be used
    again.

    Args:
        parts: the parts of a training step.
        data: the images.
        trainer: the trainer's settings.
        seed: seed of the run.

    Raises:
        InputError: the device ran out of memory, an operation has no deterministic implementation, or a normalization
            has too few values.
    """
    try:
        yield
    except ValueError as error:
        if too_few := TOO_FEW.search(str(error)):
            raise InputError(TOO_FEW_ADVICE[too_few[1]].format(trainer.batch_size)) from error
        raise
    except RuntimeError as error:
        if operation := NONDETERMINISTIC.search(str(error)):
            raise InputError(
                f"trainer.deterministic=true: PyTorch has no deterministic implementation of {operation[1]} on this"
                f" device. Use trainer.deterministic=false, or change the option that needs {operation[1]}."
            ) from error
        if "CUBLAS_WORKSPACE_CONFIG" in str(error):
            raise InputError(
                "trainer.deterministic=true: this process has already computed on the GPU in a way that cannot be"
                " repeated. Restart it, with the environment variable CUBLAS_WORKSPACE_CONFIG=:4096:8 set."
            ) from error
        if not _is_out_of_memory(error):
            raise
        traceback.clear_frames(error.__traceback__)  # they hold the tensors of the step
        if parts.devices.size > 1:  # the others do not take part in a search
            raise InputError(
                f"trainer.batch_size={trainer.batch_size} does not fit into the memory of {parts.devices.size} devices."
                " Use a smaller trainer.batch_size."
            ) from error
        raise InputError(advice(trainer.batch_size, fitting_size(parts, data, trainer, seed))) from error


def advice(batch_size: int, fits: int) -> str:
    """Return the message for an out-of-memory error.

    Args:
        batch_size: the batch size of the run.
        fits: a batch size that fits into memory; 0 if not even one image does.
    """
    if fits == batch_size:
        return (
            f"Out of memory, although a training step with trainer.batch_size={batch_size} fits: validation or another"
            f" process needs too much. Use a smaller model or data.image_size, or run fewer jobs at once."
        )
    remedy = f"use trainer.batch_size={fits}" if fits else "not even one image does: use a smaller model"
    return f"trainer.batch_size={batch_size} does not fit into the memory of this device; {remedy}."


def fitting_size(parts: Parts, data: Resident, trainer: Trainer, seed: int) -> int:
    """Halve the batch size until a training step fits into memory, and return it.

    It is 0 if none fits, or if a normalization has too few values in those that would.
    """
    size = trainer.batch_size
    while size:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # memory fragmented by the larger batch
        batch = replace(
            data, images=select(data.images, slice(size)), labels=data.labels[:size], index=data.index[:size]
        )
        # The scaler refuses a second step after one that has failed.
        scaler = torch.amp.GradScaler(
            data.images.device.type, init_scale=parts.scaler.get_scale(), enabled=parts.scaler.is_enabled()
        )
        smaller: Any = OmegaConf.merge(trainer, {"batch_size": size})
        try:
            loop.train_epoch(replace(parts, scaler=scaler), batch, smaller, 1, seed, Console(quiet=True))
            return size
        except ValueError as error:
            if TOO_FEW.search(str(error)):
                return 0
            raise
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
        size //= 2
    return 0


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or CPU_MEMORY in str(error)
