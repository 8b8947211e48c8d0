"""Which validation images select the epoch, and which ones the reported metrics are computed on.

With `trainer.selection=best_val` these are two halves, since the accuracy of the selecting half is biased upward.
"""

import numpy as np
import torch
from torch import Tensor

from ablate.data.split import stratified
from ablate.evaluation.metrics import accuracy


def reporting_half(labels: Tensor, selection: str, split_seed: int) -> Tensor:
    """Mask of the validation images for the reported metrics, bool (N,): all of them, or half with `best_val`.

    The half is stratified by class and depends on nothing else but the split, so that all runs of a study share it.

    Args:
        labels: of the validation images, int64 (N,), in the order of their positions in the data set.
        selection: `trainer.selection`.
        split_seed: `data.split_seed`.
    """
    reporting = np.ones(len(labels), bool)
    if selection == "best_val":
        reporting[stratified(labels.numpy(), (len(labels) + 1) // 2, split_seed)[0]] = False
    return torch.from_numpy(reporting)


def selection_score(epoch: int, logits: Tensor, labels: Tensor, reporting: Tensor) -> float:
    """Score of an epoch; the first epoch with the highest score is selected.

    It is the accuracy on the other half of the images, or the number of the epoch if all are reporting images.

    Args:
        epoch: counted from 1.
        logits: of the validation images after this epoch, (N, classes).
        labels: int64 (N,).
        reporting: of `reporting_half`.
    """
    selecting = ~reporting
    return accuracy(logits[selecting], labels[selecting]) if selecting.any() else float(epoch)
