"""`ablate plan --probe`: estimate the duration of a run from a few training steps."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from omegaconf import DictConfig

from ablate.data.batches import batches, resident
from ablate.data.streamed import Pixels
from ablate.evaluation import metrics
from ablate.runs.study_plan import PlannedRun
from ablate.terminal.console import Console
from ablate.terminal.progress import track
from ablate.training.loop import train_epoch
from ablate.training.parts import set_up

TIMED_STEPS = 5  # after one step that is not timed
TIMED_VALIDATION_IMAGES = 1024
BUDGET_SECONDS = 20.0  # no further variant is started after this time


def probe(runs: Iterable[PlannedRun], compose: Callable[[PlannedRun], DictConfig]) -> dict[str, float]:
    """Estimate the seconds per run of as many variants as `BUDGET_SECONDS` allows.

    Args:
        runs: planned runs; the first one of each variant is timed.
        compose: returns the configuration of a run.

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
        estimates[variant] = estimate_seconds(compose(run))
    return estimates


def estimate_seconds(config: DictConfig) -> float:
    """Estimate the seconds of a run: set-up, and all epochs extrapolated from a few training steps and images."""
    start = time.perf_counter()
    trainer = config.trainer
    parts, data, device, _ = set_up(config)
    loaded = resident(data, device)
    ready = time.perf_counter()

    def epoch(steps: int) -> tuple[int, float]:
        """Train on the first `steps` batches; return their number and the seconds."""
        images = steps * trainer.batch_size
        subset = replace(
            loaded, images=loaded.images[:images], targets=loaded.targets[:images], index=loaded.index[:images]
        )
        *_, seconds = train_epoch(parts, subset, trainer, 1, config.seed, Console(quiet=True))
        return count_batches(subset.images), seconds

    def count_batches(images: Pixels) -> int:
        return len(batches(torch.arange(len(images)), trainer.batch_size))

    epoch(1)  # the first step is slower: it allocates memory
    steps, seconds = epoch(TIMED_STEPS)
    val_subset, val_start = loaded.val_images[:TIMED_VALIDATION_IMAGES], time.perf_counter()
    with parts.precision():
        metrics.predict(parts.average.module, val_subset, parts.pixels, parts.views)
    validation = (time.perf_counter() - val_start) * len(loaded.val_images) / len(val_subset)
    return float(ready - start + trainer.epochs * (seconds / steps * count_batches(loaded.images) + validation))
