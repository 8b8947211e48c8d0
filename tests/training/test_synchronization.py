"""An epoch's steps do not wait for the device: what waits does not grow with the number of steps.

On the CPU, counted are the operations that would wait on a GPU: reading a value, finding nonzero elements, and
creating a tensor from Python's numbers, which is copied to the GPU.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from hydra import compose, initialize_config_dir
from rich.console import Console
from torch.utils._python_dispatch import TorchDispatchMode

from ablate.config import CONF, register
from ablate.data.batches import Resident, resident
from ablate.data.prepare import prepare
from ablate.training import loop
from ablate.training.parts import Parts, build

register()
CPU = torch.device("cpu")
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "lift_fresh", "equal", "is_nonzero")
COMBINATIONS = {
    "assignment": ["experiment=assignment_cnn_bn"],
    "muon, whitening, crops": ["experiment=speedrun"],
    "averaged weights, clipped gradients": ["trainer.ema=0.9", "trainer.grad_clip=1"],
    "several batches per step, an average over epochs": [
        "trainer.accumulate=2",
        "trainer.swa_start=1",
        "normalization=batch",
    ],
    "perturbed weights": ["optimizer=sam", "optimizer.adaptive=true", "normalization=batch"],
    "schedule-free": ["optimizer=schedule_free", "normalization=batch"],
    "erasing and mixing": ["augmentation=[flip_crop,cutout,mixup]", "optimizer=adamw"],
    "cutmix, dropout": ["model=alexnet", "normalization=batch", "augmentation=cutmix", "optimizer=adam"],
    "transformer, rmsprop": ["model=vit", "normalization=layer", "optimizer=rmsprop", "schedule=cosine"],
}


def built(*words: str, device: torch.device = CPU) -> tuple[Parts, Resident, object]:
    small = ["data=digits", "data.train_limit=256", "trainer.batch_size=32", *words, "trainer.batch_size=32"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", small)
    data = prepare(config.data)
    return build(config, data, device, "fp32"), resident(data, device), config.trainer


def epoch(parts: Parts, data: Resident, trainer, steps: int) -> None:
    size = steps * trainer.batch_size
    few = replace(data, images=data.images[:size], labels=data.labels[:size], index=data.index[:size])
    loop.train_epoch(parts, few, trainer, 1, 0, Console(quiet=True))


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """How often each operation of `WAITING` is called in the block."""
    counts = dict.fromkeys(WAITING, 0)

    class Counter(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            name = function.overloadpacket.__name__
            if name in counts:
                counts[name] += 1
            return function(*args, **(kwargs or {}))

    with Counter():
        yield counts


def test_the_counter_counts_what_waits():
    with counted() as counts:
        values = torch.tensor([1.0, 0.0])
        values[0].item(), bool(values[1]), values.nonzero(), torch.equal(values, values)
    assert counts["_local_scalar_dense"] == 2 and counts["nonzero"] == 1 and counts["equal"] == 1
    assert counts["lift_fresh"] == 1


@pytest.mark.parametrize("words", COMBINATIONS.values(), ids=COMBINATIONS)
def test_a_step_does_not_wait_for_the_device(words):
    parts, data, trainer = built(*words)
    epoch(parts, data, trainer, 2)  # optimizers create their state in the first step
    counts = []
    for steps in (2, 8):
        with counted() as waits:
            epoch(parts, data, trainer, steps)
        counts.append(waits)
    assert counts[0] == counts[1]
