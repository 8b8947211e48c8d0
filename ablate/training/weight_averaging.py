"""The weights that are evaluated: those of the last step, or an average over steps or epochs."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import chain, islice
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import get_ema_multi_avg_fn, get_swa_multi_avg_fn

from ablate.config.schema import Trainer

STATISTICS_BATCHES = 50  # from which batch normalization is recomputed, as the authors of schedule-free learning do
Add = Callable[[list[Tensor], list[Tensor], int], object]  # averages, values, number of values in the averages


class Average(Protocol):
    """The evaluated weights: `module` is the averaged model, or the model itself."""

    module: nn.Module

    def start(self) -> None:
        """Prepare the model for training; called before each epoch."""

    def update_parameters(self, model: nn.Module) -> None:
        """Add the weights of `model` to the average; called after each step."""

    def finish(self, model: nn.Module, inputs: Iterable[Tensor]) -> None:
        """Prepare `module` for evaluation; called after each epoch, with its inputs (B, C, H, W), batch by batch."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the average for a checkpoint."""

    def load_state_dict(self, state: dict[str, Any]) -> object:
        """Restore a state of `state_dict`."""


class Unaveraged:
    """Evaluates the model itself, without an average."""

    def __init__(self, model: nn.Module) -> None:
        self.module = model

    def start(self) -> None:
        """Do nothing."""

    def update_parameters(self, model: nn.Module) -> None:
        """Do nothing."""

    def finish(self, model: nn.Module, inputs: Iterable[Tensor]) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Do nothing."""


class ScheduleFree(Unaveraged):
    """Evaluates the average that a schedule-free optimizer keeps.

    `eval()` of the optimizer puts the average into the model, `train()` the weights that are trained.

    Args:
        model: the model.
        optimizer: has `train()` and `eval()`, as the optimizers of the package schedulefree.
    """

    def __init__(self, model: nn.Module, optimizer: Any) -> None:
        super().__init__(model)
        self.optimizer = optimizer

    def start(self) -> None:
        """Replace the average by the weights that are trained."""
        self.optimizer.train()

    def finish(self, model: nn.Module, inputs: Iterable[Tensor]) -> None:
        """Replace the weights by their average, and the statistics of batch normalization by those at the average."""
        self.optimizer.eval()
        renew_statistics(model, inputs)


class MovingAverage:
    """An exponential moving average of weights and buffers; integer buffers are rounded down.

    Replaces PyTorch's AveragedModel, which copies its step count to the device at each step and waits for it.
    """

    def __init__(self, model: nn.Module, update: Add) -> None:
        self.module = deepcopy(model)
        self.steps, self.update = 0, update

    def start(self) -> None:
        """Do nothing."""

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Copy the weights of the first step; then average = decay * average + (1 - decay) * weights."""
        by_dtype: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for average, value in zip(_values(self.module), _values(model), strict=True):
            if self.steps == 0:
                average.copy_(value)
            averages, values = by_dtype.setdefault(average.dtype, ([], []))
            averages.append(average)
            values.append(value)
        if self.steps > 0:
            for averages, values in by_dtype.values():
                self.update(averages, values, self.steps)
        self.steps += 1

    def finish(self, model: nn.Module, inputs: Iterable[Tensor]) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Return the average and the number of steps in it."""
        return {"steps": self.steps, "module": self.module.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state of `state_dict`."""
        self.module.load_state_dict(state["module"])
        self.steps = state["steps"]


class EpochAverage(MovingAverage):
    """The mean of the weights after each epoch from `first` on; before it, those of the last epoch.

    Args:
        model: the model.
        first: epoch, counted from 1.
    """

    def __init__(self, model: nn.Module, first: int) -> None:
        super().__init__(model, add_to_mean)
        self.first, self.epochs = first, 0

    def update_parameters(self, model: nn.Module) -> None:
        """Do nothing: the average is over epochs."""

    def finish(self, model: nn.Module, inputs: Iterable[Tensor]) -> None:
        """Add the weights of `model`, and compute the statistics of batch normalization at the average."""
        self.epochs += 1
        if self.epochs <= self.first:
            self.steps = 0
        super().update_parameters(model)
        if self.steps > 1:
            for average, trained in zip(self.module.modules(), model.modules(), strict=True):
                average.training = trained.training
            renew_statistics(self.module, inputs)

    def state_dict(self) -> dict[str, Any]:
        """Return the average, and the number of epochs in it and of all."""
        return {**super().state_dict(), "epochs": self.epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state of `state_dict`."""
        super().load_state_dict(state)
        self.epochs = state["epochs"]


@torch.no_grad()
def renew_statistics(model: nn.Module, inputs: Iterable[Tensor]) -> None:
    """Replace the running statistics of batch normalization by the means over the first `STATISTICS_BATCHES` inputs.

    As `torch.optim.swa_utils.update_bn`, but the statistics of a layer in evaluation mode, which is frozen, are kept.

    Args:
        model: in training mode.
        inputs: of the model, (B, C, H, W) each.
    """
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.training and m.track_running_stats]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
    for count, batch in enumerate(islice(inputs, STATISTICS_BATCHES if layers else 0), 1):
        for layer in layers:
            layer.momentum = 1 / count  # the mean of all batches; with None, PyTorch waits for the device's count
        model(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def add_to_mean(averages: list[Tensor], values: list[Tensor], count: int) -> None:
    """Add values to the means of `count` values; integer buffers, such as counts of batches, are replaced."""
    if averages[0].is_floating_point():
        get_swa_multi_avg_fn()(averages, values, count)
    else:
        torch._foreach_copy_(averages, values)


def _values(model: nn.Module) -> Iterator[Tensor]:
    return chain(model.parameters(), model.buffers())


def averaged(model: nn.Module, optimizer: torch.optim.Optimizer, trainer: Trainer) -> Average:
    """Return the average that the settings name, or the model itself if they name none.

    Args:
        model: the model.
        optimizer: if it has `train()` and `eval()`, it averages the weights itself (Defazio et al. 2024).
        trainer: `ema` is the decay of a moving average over steps (Polyak & Juditsky 1992), `swa_start` the first epoch
            of an average over epochs (Izmailov et al. 2018).
    """
    if hasattr(optimizer, "train") and hasattr(optimizer, "eval"):
        return ScheduleFree(model, optimizer)
    if trainer.swa_start is not None:
        return EpochAverage(model, trainer.swa_start)
    return Unaveraged(model) if trainer.ema is None else MovingAverage(model, get_ema_multi_avg_fn(trainer.ema))
