"""Which weights are evaluated: those of the last step, or an average over steps."""

from typing import Protocol

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Average(Protocol):
    """The weights that are evaluated: an average over steps, or the model's own."""

    module: nn.Module

    def update_parameters(self, model: nn.Module) -> None:
        """Take the model's weights after a step into account."""

    def state_dict(self) -> dict[str, Tensor]:
        """What a checkpoint keeps of the average."""

    def load_state_dict(self, state: dict[str, Tensor]) -> object:
        """Go on from there."""


class Unaveraged:
    """Stands where an average of the weights would be: the model itself, with nothing to update."""

    def __init__(self, model: nn.Module) -> None:
        self.module = model

    def update_parameters(self, model: nn.Module) -> None:
        """Nothing to do."""

    def state_dict(self) -> dict[str, Tensor]:
        """Nothing beside the model."""
        return {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Nothing to do."""


def averaged(model: nn.Module, decay: float | None) -> Average:
    """An exponential moving average of weights and buffers (Polyak & Juditsky 1992); without a decay, the model."""
    if decay is None:
        return Unaveraged(model)
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
