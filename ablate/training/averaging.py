"""The weights that are evaluated: those of the last step, or an exponential moving average."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average(Protocol):
    """The evaluated weights: `module` is the averaged model, or the model itself."""

    module: nn.Module

    def update_parameters(self, model: nn.Module) -> None:
        """Add the weights of `model` to the average; called after each step."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the average for a checkpoint."""

    def load_state_dict(self, state: dict[str, Any]) -> object:
        """Restore a state of `state_dict`."""


class Unaveraged:
    """Evaluates the model itself, without an average."""

    def __init__(self, model: nn.Module) -> None:
        self.module = model

    def update_parameters(self, model: nn.Module) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Do nothing."""


class MovingAverage:
    """An exponential moving average of weights and buffers; integer buffers are rounded down.

    Replaces PyTorch's AveragedModel, which copies its step count to the device at each step and waits for it.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module = deepcopy(model)
        self.steps, self.update = 0, get_ema_multi_avg_fn(decay)

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

    def state_dict(self) -> dict[str, Any]:
        """Return the average and the number of steps in it."""
        return {"steps": self.steps, "module": self.module.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state of `state_dict`."""
        self.module.load_state_dict(state["module"])
        self.steps = state["steps"]


def _values(model: nn.Module) -> Iterator[Tensor]:
    return chain(model.parameters(), model.buffers())


def averaged(model: nn.Module, decay: float | None) -> Average:
    """Return an exponential moving average of weights and buffers, or the model itself if `decay` is None.

    Source: Polyak & Juditsky (1992).
    """
    if decay is None:
        return Unaveraged(model)
    return MovingAverage(model, decay)
