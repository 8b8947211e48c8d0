"""How long a run takes, guessed from a few of its training steps: `ablate plan --probe`."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from omegaconf import DictConfig
from rich.console import Console

from ablate.data.batches import batches, resident
from ablate.data.streamed import Pixels
from ablate.evaluation import metrics
from ablate.runs.study_plan import PlannedRun
from ablate.terminal.progress import track
from ablate.training.loop import train_epoch
from ablate.training.parts import set_up

STEPS = 5  # that are timed, after a first one that is not
EVALUATED = 1024  # validation images
BUDGET = 20.0  # seconds, after which no other variant is begun


def probe(runs: Iterable[PlannedRun], composed: Callable[[PlannedRun], DictConfig]) -> dict[str, float]:
    """Seconds of a run of each variant, of as many variants as the budget allows."""
    first: dict[str, PlannedRun] = {}
    for run in runs:
        first.setdefault(run.variant, run)
    timed: dict[str, float] = {}
    began = time.perf_counter()
    for variant, run in track(first.items(), "Timing a run of each variant", len(first)):
        if time.perf_counter() - began > BUDGET:
            break
        timed[variant] = seconds(composed(run))
    return timed


def seconds(config: DictConfig) -> float:
    """Seconds of a run: what it takes to set it up, and its epochs if all their steps take as long as a few."""
    began = time.perf_counter()
    trainer = config.trainer
    parts, data, device, _ = set_up(config)
    whole = resident(data, device)
    ready = time.perf_counter()

    def epoch(steps: int) -> tuple[int, float]:
        """An epoch of so many steps or fewer: how many it had, and its seconds."""
        images = steps * trainer.batch_size
        few = replace(whole, images=whole.images[:images], targets=whole.targets[:images], index=whole.index[:images])
        *_, taken = train_epoch(parts, few, trainer, 1, config.seed, Console(quiet=True))
        return count(few.images), taken

    def count(images: Pixels) -> int:
        return len(batches(torch.arange(len(images)), trainer.batch_size))

    epoch(1)  # the first step also allocates what the others use again
    steps, taken = epoch(STEPS)
    some, started = whole.val_images[:EVALUATED], time.perf_counter()
    with parts.precision():
        metrics.predict(parts.average.module, some, parts.pixels, parts.views)
    validation = (time.perf_counter() - started) * len(whole.val_images) / len(some)
    return float(ready - began + trainer.epochs * (taken / steps * count(whole.images) + validation))
