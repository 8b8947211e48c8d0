"""`ablate plan --probe`: estimate the duration of a run from a few training steps."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from omegaconf import DictConfig

from ablate.backend.hardware import threads_restored
from ablate.data.batches import Resident, batches
from ablate.data.streamed import select
from ablate.evaluation import metrics
from ablate.runs.study_plan import PlannedRun
from ablate.terminal.console import Console
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track
from ablate.training.checkpoint import INTERVAL_SECONDS, Checkpoint
from ablate.training.loop import train_epoch
from ablate.training.parts import Parts
from ablate.training.set_up import set_up_run

TIMED_STEPS = 5  # after one step that is not timed
LEAST_SECONDS = 0.5  # of timed steps; if they took less, a whole epoch is timed
TIMED_VALIDATION_IMAGES = 1024
BUDGET_SECONDS = 20.0  # no further variant is started after this time


def probe(
    runs: Iterable[PlannedRun], compose: Callable[[PlannedRun], DictConfig], threads: int | None = None
) -> dict[str, float]:
    """Estimate the seconds per run of as many variants as `BUDGET_SECONDS` allows.

    Args:
        runs: planned runs; the first one of each variant is timed.
        compose: returns the configuration of a run.
        threads: of a process that trains a run, unless its configuration sets them; None for PyTorch's default.

    Returns:
        {variant: seconds}
    """
    first: dict[str, PlannedRun] = {}
    for run in runs:
        first.setdefault(run.variant, run)
    estimates: dict[str, float] = {}
    start = time.perf_counter()
    for variant, run in track(first.items(), "Timing a run of each variant", len(first)):
        if time.perf_counter() - start > BUDGET_SECONDS:
            break
        with threads_restored():
            torch.set_num_threads(threads or torch.get_num_threads())
            estimates[variant] = estimate_seconds(compose(run))
    return estimates


def estimate_seconds(config: DictConfig) -> float:
    """Estimate the seconds of a run: set-up, and the epochs with their validation and checkpoints, extrapolated.

    Raises:
        InputError: it trains on several devices.
    """
    start = time.perf_counter()
    trainer = config.trainer
    if trainer.devices > 1:
        raise InputError(f"--probe times one device, but trainer.devices={trainer.devices}. Plan without --probe.")
    with TemporaryDirectory(prefix="ablate-") as folder:
        run = set_up_run(config, Path(folder))
        parts, images = run.parts, run.images
        steps = len(batches(torch.arange(len(images.images)), trainer.batch_size))
        timed_epoch(parts, images, config, 1)  # the first step is slower: it allocates memory
        ready = time.perf_counter()
        seconds = timed_epoch(parts, images, config, TIMED_STEPS)
        if seconds < LEAST_SECONDS:
            seconds = timed_epoch(parts, images, config, steps)
        else:
            seconds *= steps / min(steps, TIMED_STEPS)
        training = trainer.epochs * (seconds + validation_seconds(parts, images))
        checkpoints = min(trainer.epochs, 1 + training / INTERVAL_SECONDS)
        return float(ready - start + training + checkpoints * checkpoint_seconds(parts, Path(folder)))


def timed_epoch(parts: Parts, images: Resident, config: DictConfig, steps: int) -> float:
    """Seconds of an epoch on the images of the first `steps` batches."""
    count = steps * config.trainer.batch_size
    subset = replace(
        images, images=select(images.images, slice(count)), labels=images.labels[:count], index=images.index[:count]
    )
    start = time.perf_counter()
    train_epoch(parts, subset, config.trainer, 1, config.seed, Console(quiet=True))
    return time.perf_counter() - start


def validation_seconds(parts: Parts, images: Resident) -> float:
    """Seconds of the predictions for all validation images."""
    subset = images.val_images[:TIMED_VALIDATION_IMAGES]
    with parts.precision():
        start = time.perf_counter()
        metrics.predict(parts.average.module, subset, parts.pixels, parts.views)
    return (time.perf_counter() - start) * len(images.val_images) / len(subset)


def checkpoint_seconds(parts: Parts, folder: Path) -> float:
    """Seconds of writing a checkpoint."""
    start = time.perf_counter()
    Checkpoint(folder, {}).save(parts, {"rows": [{"epoch": 1}], "weights": parts.average.module.state_dict()})
    return time.perf_counter() - start
