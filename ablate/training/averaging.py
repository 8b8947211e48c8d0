"""Which weights are evaluated: those of the last step, or an average over steps."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average(Protocol):
    """The weights that are evaluated: an average over steps, or the model's own."""

    module: nn.Module

    def update_parameters(self, model: nn.Module) -> None:
        """Take the model's weights after a step into account."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of the average."""

    def load_state_dict(self, state: dict[str, Any]) -> object:
        """Go on from there."""


class Unaveraged:
    """Stands where an average of the weights would be: the model itself, with nothing to update."""

    def __init__(self, model: nn.Module) -> None:
        self.module = model

    def update_parameters(self, model: nn.Module) -> None:
        """Nothing to do."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing beside the model."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to do."""


class Moving:
    """An exponential moving average of weights and buffers, whole numbers rounded down.

    In place of PyTorch's AveragedModel, which copies its count of steps to the device at each of them and waits for it.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module = deepcopy(model)
        self.steps, self.update = 0, get_ema_multi_avg_fn(decay)

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """The first step's weights, then `decay` of the average and the rest of the new weights."""
        kinds: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for own, new in zip(_values(self.module), _values(model), strict=True):
            if self.steps == 0:
                own.copy_(new)
            kind = kinds.setdefault(own.dtype, ([], []))
            kind[0].append(own)
            kind[1].append(new)
        for averages, values in kinds.values() if self.steps else ():
            self.update(averages, values, self.steps)
        self.steps += 1

    def state_dict(self) -> dict[str, Any]:
        """The average and the number of steps in it."""
        return {"steps": self.steps, "module": self.module.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from there."""
        self.module.load_state_dict(state["module"])
        self.steps = state["steps"]


def _values(model: nn.Module) -> Iterator[Tensor]:
    return chain(model.parameters(), model.buffers())


def averaged(model: nn.Module, decay: float | None) -> Average:
    """An exponential moving average of weights and buffers (Polyak & Juditsky 1992); without a decay, the model."""
    if decay is None:
        return Unaveraged(model)
    return Moving(model, decay)
