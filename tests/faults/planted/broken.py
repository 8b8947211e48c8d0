"""A part of a run that breaks at a chosen step."""

import torch
from torch import Tensor, nn


class LossThatBreaks(nn.Module):
    """Cross-entropy; NaN at one step, counted from 1."""

    def __init__(self, step: int, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.step, self.taken = step, 0

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean over the batch."""
        self.taken += 1
        loss = nn.functional.cross_entropy(logits, targets)
        return loss * torch.nan if self.taken == self.step else loss
