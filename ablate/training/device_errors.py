"""What a device cannot do, in words: train a batch of this size, or repeat an operation to the bit."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from omegaconf import OmegaConf
from rich.console import Console

from ablate.config.schema import Trainer
from ablate.data.batches import Resident
from ablate.terminal.errors import InputError
from ablate.training import loop

CPU = "DefaultCPUAllocator"  # in the words of a RuntimeError, for which PyTorch has no class
REFUSED = re.compile(r"(\S+)(?: with .*)? does not have a deterministic implementation")  # with trainer.deterministic


@contextmanager
def in_words(parts: loop.Parts, data: Resident, trainer: Trainer, seed: int) -> Iterator[None]:
    """Whatever steps are taken in the block, such an error of theirs becomes an InputError.

    After one of memory the parts have been used to find what fits, and cannot be used again.
    """
    try:
        yield
    except RuntimeError as error:
        if operation := REFUSED.search(str(error)):
            raise InputError(
                f"trainer.deterministic=true: PyTorch has no deterministic {operation[1]} on this device, which a part"
                f" of this run uses. Choose another part, or trainer.deterministic=false."
            ) from error
        if not _is_full(error):
            raise
        raise InputError(advice(trainer.batch_size, fitting(parts, data, trainer, seed))) from error


def advice(wanted: int, fits: int) -> str:
    """What to do when memory was full with batches of so many images `wanted`, and of which so many did fit."""
    if fits == wanted:
        return (
            f"The memory of this device was full, though a step of trainer.batch_size={wanted} does fit: in validation,"
            f" or by what else uses the device. Use a smaller model or data.image_size, or run fewer jobs at once."
        )
    use = f"{fits} did fit: use trainer.batch_size={fits}" if fits else "not even one image did: use a smaller model"
    return f"trainer.batch_size={wanted} does not fit into the memory of this device; {use}."


def fitting(parts: loop.Parts, data: Resident, trainer: Trainer, seed: int) -> int:
    """The batch, its half, its quarter, ...: the first that a step can be trained with; 0 if none can."""
    size = trainer.batch_size
    while size:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # what the larger one left in pieces
        few = replace(data, images=data.images[:size], targets=data.targets[:size], index=data.index[:size])
        smaller: Any = OmegaConf.merge(trainer, {"batch_size": size})
        try:
            loop.train_epoch(parts, few, smaller, 1, seed, Console(quiet=True))
            return size
        except RuntimeError as error:
            if not _is_full(error):
                raise
        size //= 2
    return 0


def _is_full(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or CPU in str(error)
