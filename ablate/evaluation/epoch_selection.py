"""Which validation images select the epoch, and which ones the reported metrics are computed on.

With `trainer.selection=best_val` these are two halves, since the metric of the selecting half is biased upward.
"""

import math

import numpy as np
import torch
from torch import Tensor

from ablate.data.group_split import grouped
from ablate.data.split import stratified
from ablate.evaluation import predicted_metrics
from ablate.evaluation.metrics import metrics
from ablate.runs.metric import named
from ablate.terminal.errors import InputError


def reporting_half(labels: Tensor, selection: str, split_seed: int, groups: np.ndarray | None = None) -> Tensor:
    """Mask of the validation images for the reported metrics, bool (N,): all of them, or half with `best_val`.

    The half is stratified by class and depends on nothing else but the split, so that all runs of a study share it.
    Groups are not divided: no patient's images both select the epoch and report its metrics.

    Args:
        labels: of the validation images, int64 (N,), in the order of their positions in the data set.
        selection: `trainer.selection`.
        split_seed: `data.split_seed`.
        groups: of the validation images, int64 (N,); None without groups.

    Raises:
        InputError: the groups cannot be divided into two halves that have each class.
    """
    reporting = np.ones(len(labels), bool)
    if selection == "best_val" and groups is not None:
        reporting[_selecting_groups(labels.numpy(), groups, split_seed)] = False
    elif selection == "best_val":
        reporting[stratified(labels.numpy(), (len(labels) + 1) // 2, split_seed)[0]] = False
    return torch.from_numpy(reporting)


def _selecting_groups(labels: np.ndarray, groups: np.ndarray, split_seed: int) -> np.ndarray:
    """The images of the groups that select the epoch, about half of all."""
    try:
        return grouped(labels, groups, tuple(map(str, np.unique(labels))), 0.5, split_seed)[0]
    except InputError as error:
        raise InputError(
            "trainer.selection=best_val: the validation images have too few groups to select the epoch on one half of"
            " them and report the other half. Use trainer.selection=last, raise data.val_fraction, or use"
            " data.group=null."
        ) from error


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
