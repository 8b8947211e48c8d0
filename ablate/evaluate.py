"""Logits -> accuracy, loss, per-class accuracy, calibration, confusion."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BATCH = 500  # images; the logits do not depend on it, memory does


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, prepare: Callable[[Tensor], Tensor]) -> Tensor:
    """Logits (N, classes), float32 on the CPU, of uint8 images (N, C, H, W).

    `prepare` turns a batch into the model's input.
    """
    model.eval()
    return torch.cat([model(prepare(batch)).float().cpu() for batch in images.split(BATCH)])


def metrics(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy (fraction) and mean cross-entropy (nats) of logits (N, classes) against labels (N,)."""
    return {
        "accuracy": (logits.argmax(1) == labels).sum().item() / len(labels),
        "loss": F.cross_entropy(logits, labels).item(),
    }


def confusion(logits: Tensor, labels: Tensor) -> Tensor:
    """Counts (classes, classes): row the true class, column the predicted one."""
    classes = logits.shape[1]
    return torch.bincount(labels * classes + logits.argmax(1), minlength=classes**2).view(classes, classes)


def per_class_accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Fraction of each class's images predicted right (classes,); NaN for a class without images."""
    counts = confusion(logits, labels)
    return counts.diagonal().double() / counts.sum(1)


def calibration_error(logits: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Expected calibration error: |accuracy - confidence|, averaged over equal-width bins by size (Guo et al. 2017)."""
    confidence, predicted = logits.softmax(1).max(1)
    gap = (predicted == labels).float() - confidence
    where = (confidence * bins).ceil().long().clamp(1, bins) - 1
    return (torch.zeros(bins).index_add(0, where, gap).abs().sum() / len(labels)).item()


def summary(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict[str, Any]:
    """All of the above as plain numbers."""
    per_class = per_class_accuracy(logits, labels).tolist()
    return {
        **metrics(logits, labels),
        "per_class_accuracy": dict(zip(classes, per_class, strict=True)),
        "calibration_error": calibration_error(logits, labels),
        "confusion": confusion(logits, labels).tolist(),
    }
