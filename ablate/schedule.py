"""Learning rate schedules: a factor on `optimizer.lr` for each step, with a linear warmup.

All options take `epochs`, `steps_per_epoch` and `warmup_epochs`, and return a function from a step, counted from 0, to
the factor. `_with_warmup` adds the warmup to the shape of an option.
"""

import bisect
import math
from collections.abc import Callable

Factor = Callable[[int], float]


def _with_warmup(
    shape: Callable[[float, float], float], epochs: int, steps_per_epoch: int, warmup_epochs: float
) -> Factor:
    """Return the factor as a function of the step: a linear increase over the warmup, then `shape`.

    Args:
        shape: `shape(epoch, progress)` returns the factor after the warmup. `epoch` counts from the start of training;
            `progress` goes from 0 at the end of the warmup to 1 at the last step.
        epochs: of the training.
        steps_per_epoch: optimizer steps per epoch.
        warmup_epochs: length of the warmup.
    """
    warmup = round(warmup_epochs * steps_per_epoch)
    last = max(epochs * steps_per_epoch - 1 - warmup, 1)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return shape(step / steps_per_epoch, min((step - warmup) / last, 1.0))

    return factor


def constant(epochs: int, steps_per_epoch: int, warmup_epochs: float) -> Factor:
    """A constant learning rate."""
    return _with_warmup(lambda epoch, progress: 1.0, epochs, steps_per_epoch, warmup_epochs)


def step(epochs: int, steps_per_epoch: int, warmup_epochs: float, step_epochs: int, gamma: float) -> Factor:
    """Multiply the learning rate by `gamma` every `step_epochs` epochs."""
    return _with_warmup(lambda epoch, progress: gamma ** (epoch // step_epochs), epochs, steps_per_epoch, warmup_epochs)


def multistep(epochs: int, steps_per_epoch: int, warmup_epochs: float, milestones: list[float], gamma: float) -> Factor:
    """Multiply the learning rate by `gamma` at each of the `milestones`, in epochs."""
    milestones = list(milestones)  # Hydra passes a ListConfig, which is slow to read
    return _with_warmup(
        lambda epoch, progress: gamma ** bisect.bisect_right(milestones, epoch), epochs, steps_per_epoch, warmup_epochs
    )


def cosine(epochs: int, steps_per_epoch: int, warmup_epochs: float, final_factor: float) -> Factor:
    """Cosine annealing from 1 to `final_factor`, without restarts (Loshchilov & Hutter 2017)."""
    return _with_warmup(
        lambda epoch, progress: _anneal(1.0, final_factor, progress), epochs, steps_per_epoch, warmup_epochs
    )


def linear(epochs: int, steps_per_epoch: int, warmup_epochs: float, final_factor: float) -> Factor:
    """Linear decay from 1 to `final_factor`."""
    return _with_warmup(
        lambda epoch, progress: 1 + (final_factor - 1) * progress, epochs, steps_per_epoch, warmup_epochs
    )


def one_cycle(
    epochs: int,
    steps_per_epoch: int,
    warmup_epochs: float,
    pct_start: float,
    div_factor: float,
    final_div_factor: float,
) -> Factor:
    """Cosine increase from 1/div_factor to 1, then decrease to 1/(div_factor * final_div_factor).

    Source: Smith & Topin (2018).
    """
    low, lowest = 1 / div_factor, 1 / (div_factor * final_div_factor)

    def shape(epoch: float, progress: float) -> float:
        if progress < pct_start:
            return _anneal(low, 1.0, progress / pct_start)
        return _anneal(1.0, lowest, (progress - pct_start) / (1 - pct_start))

    return _with_warmup(shape, epochs, steps_per_epoch, warmup_epochs)


def _anneal(start: float, end: float, progress: float) -> float:
    """Interpolate from `start` (progress 0) to `end` (progress 1) along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
