"""Which validation images select the epoch, and which ones the reported metrics are computed on.

With `trainer.selection=best_val` these are two halves, since the metric of the selecting half is biased upward.
"""

import math

import numpy as np
import torch
from torch import Tensor

from ablate.data.split import stratified
from ablate.evaluation import predicted_metrics
from ablate.evaluation.metrics import metrics
from ablate.runs.metric import named


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


def selection_score(epoch: int, logits: Tensor, labels: Tensor, reporting: Tensor, monitor: str) -> float:
    """Score of an epoch; the first epoch with the highest score is selected.

    It is the metric on the other half of the images, negative if lower values are better, or the number of the epoch if
    all are reporting images. Where the metric is not defined, it is -inf.

    Args:
        epoch: counted from 1.
        logits: of the validation images after this epoch, (N, classes).
        labels: int64 (N,).
        reporting: of `reporting_half`.
        monitor: the metric, `trainer.monitor`.
    """
    selecting = ~reporting
    if not selecting.any():
        return float(epoch)
    logits, labels = logits[selecting], labels[selecting]
    if monitor in ("val_accuracy", "val_loss"):
        value = metrics(logits, labels)[monitor.removeprefix("val_")]
    elif not logits.isfinite().all():  # the run has diverged
        return -math.inf
    else:
        value = predicted_metrics.METRICS[monitor](labels.numpy(), logits.numpy())
    return -math.inf if math.isnan(value) else named(monitor).sign * value
