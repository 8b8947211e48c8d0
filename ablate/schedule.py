"""Learning-rate schedules: a factor on `optimizer.lr` for each step, after a linear warm-up.

Each option is a shape, a function of the steps since the warm-up's end; `_warm` puts the warm-up before it.
"""

import bisect
import math
from collections.abc import Callable

Factor = Callable[[int], float]


def _warm(shape: Callable[[float, float], float], epochs: int, steps_per_epoch: int, warmup_epochs: float) -> Factor:
    """Factor at a step: a linear rise over the warm-up, then `shape(epoch, progress)`.

    `epoch` counts from the start of training; `progress` runs from 0 at the warm-up's end to 1 at the last step.
    """
    warmup = round(warmup_epochs * steps_per_epoch)
    last = max(epochs * steps_per_epoch - 1 - warmup, 1)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return shape(step // steps_per_epoch, min((step - warmup) / last, 1.0))

    return factor


def constant(epochs: int, steps_per_epoch: int, warmup_epochs: float) -> Factor:
    """The same rate throughout."""
    return _warm(lambda epoch, progress: 1.0, epochs, steps_per_epoch, warmup_epochs)


def step(epochs: int, steps_per_epoch: int, warmup_epochs: float, step_epochs: int, gamma: float) -> Factor:
    """Times `gamma` every `step_epochs` epochs."""
    return _warm(lambda epoch, progress: gamma ** (epoch // step_epochs), epochs, steps_per_epoch, warmup_epochs)


def multistep(epochs: int, steps_per_epoch: int, warmup_epochs: float, milestones: list[float], gamma: float) -> Factor:
    """Times `gamma` at each of the `milestones`, in epochs."""
    milestones = list(milestones)  # Hydra passes a ListConfig, slow to read at every step
    return _warm(
        lambda epoch, progress: gamma ** bisect.bisect_right(milestones, epoch), epochs, steps_per_epoch, warmup_epochs
    )


def cosine(epochs: int, steps_per_epoch: int, warmup_epochs: float, final_factor: float) -> Factor:
    """Half a cosine from 1 to `final_factor` (Loshchilov & Hutter 2017, without restarts)."""
    return _warm(lambda epoch, progress: _anneal(1.0, final_factor, progress), epochs, steps_per_epoch, warmup_epochs)


def linear(epochs: int, steps_per_epoch: int, warmup_epochs: float, final_factor: float) -> Factor:
    """A straight line from 1 to `final_factor`."""
    return _warm(lambda epoch, progress: 1 + (final_factor - 1) * progress, epochs, steps_per_epoch, warmup_epochs)


def one_cycle(
    epochs: int,
    steps_per_epoch: int,
    warmup_epochs: float,
    pct_start: float,
    div_factor: float,
    final_div_factor: float,
) -> Factor:
    """Up from 1/div_factor to 1, down to 1/(div_factor * final_div_factor), both by cosine (Smith & Topin 2018)."""
    low, lowest = 1 / div_factor, 1 / (div_factor * final_div_factor)

    def shape(epoch: float, progress: float) -> float:
        if progress < pct_start:
            return _anneal(low, 1.0, progress / pct_start)
        return _anneal(1.0, lowest, (progress - pct_start) / (1 - pct_start))

    return _warm(shape, epochs, steps_per_epoch, warmup_epochs)


def _anneal(start: float, end: float, progress: float) -> float:
    """From `start` to `end` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
