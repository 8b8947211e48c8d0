"""The weights that are evaluated: those of the last step, or an exponential moving average."""

from typing import Protocol

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Average(Protocol):
    """The evaluated weights: `module` is the averaged model, or the model itself."""

    module: nn.Module

    def update_parameters(self, model: nn.Module) -> None:
        """Add the weights of `model` to the average; called after each step."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state of the average for a checkpoint."""

    def load_state_dict(self, state: dict[str, Tensor]) -> object:
        """Restore a state of `state_dict`."""


class Unaveraged:
    """Evaluates the model itself, without an average."""

    def __init__(self, model: nn.Module) -> None:
        self.module = model

    def update_parameters(self, model: nn.Module) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Do nothing."""


def averaged(model: nn.Module, decay: float | None) -> Average:
    """Return an exponential moving average of weights and buffers, or the model itself if `decay` is None.

    Source: Polyak & Juditsky (1992).
    """
    if decay is None:
        return Unaveraged(model)
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
