"""Logits of images, and metrics of logits: accuracy, loss, per-class accuracy, calibration, confusion, errors."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.data.streamed import Pixels
from ablate.evaluation import tta
from ablate.evaluation.predicted_metrics import BINS

PIXELS = 500 * 64 * 64  # per channel of a batch; affects memory, not the logits
CPU_BATCH = 500  # images per batch on the CPU, whose caches hold no more; a GPU is faster with larger batches


@torch.no_grad()
def predict(
    model: nn.Module,
    images: Pixels,
    prepare: Callable[[Tensor], Tensor],
    views: tta.Views,
    steps: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Tensor:
    """Compute the logits of images in evaluation mode.

    Args:
        model: the model.
        images: uint8 (N, C, H, W).
        prepare: converts a batch to the model's input.
        views: views of the input over which the logits are averaged (`tta`).
        steps: iterates over the start index of each batch; may show a progress bar.

    Returns:
        Logits, float32 (N, classes), on the CPU.
    """
    model.eval()
    size = max(1, PIXELS // (images.shape[2] * images.shape[3]))
    if next(model.parameters(), torch.empty(0)).device.type == "cpu":
        size = min(CPU_BATCH, size)
    batches = (images[start : start + size] for start in steps(range(0, len(images), size)))
    return torch.cat([tta.logits(model, prepare(batch), views) for batch in batches]).cpu()


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """The fraction of logits (N, classes) whose maximum is at the label, (N,)."""
    return (logits.argmax(1) == labels).sum().item() / len(labels)


def metrics(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Compute accuracy (fraction) and mean cross-entropy (nats) of logits (N, classes) for labels (N,)."""
    return {
        "accuracy": accuracy(logits, labels),
        "loss": F.cross_entropy(logits, labels).item(),
    }


def confusion(logits: Tensor, labels: Tensor) -> Tensor:
    """Confusion matrix, counts (classes, classes): rows are true classes, columns predicted classes."""
    classes = logits.shape[1]
    return torch.bincount(labels * classes + logits.argmax(1), minlength=classes**2).view(classes, classes)


def per_class_accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Accuracy per class (classes,), as fractions; NaN for a class without images."""
    counts = confusion(logits, labels)
    return counts.diagonal().double() / counts.sum(1)


def wilson_interval(correct: int, images: int, confidence: float = 0.95) -> list[float] | None:
    """Wilson score interval of an accuracy, over samples of images of the same kind, for a fixed network.

    Args:
        correct: number of correct predictions.
        images: number of images.
        confidence: level of the interval.

    Returns:
        [low, high] as fractions; None without images.

    Source: Wilson (1927).
    """
    from scipy.stats import binomtest  # the import takes most of a second

    if not images:
        return None
    low, high = binomtest(correct, images).proportion_ci(confidence, method="wilson")
    return [float(low), float(high)]


def reliability(logits: Tensor, labels: Tensor, bins: int = BINS) -> Tensor:
    """Compute the data of a reliability diagram.

    Returns:
        (bins, 3): images, sum of their confidences, and correct predictions, for each equal-width confidence bin.
    """
    confidence, predicted = logits.softmax(1).max(1)
    bin_index = (confidence * bins).ceil().long().clamp(1, bins) - 1
    rows = torch.stack([torch.ones_like(confidence), confidence, (predicted == labels).float()], 1).double()
    return torch.zeros(bins, 3, dtype=torch.float64).index_add(0, bin_index, rows)


def calibration_error(logits: Tensor, labels: Tensor, bins: int = BINS) -> float:
    """Expected calibration error: |accuracy - confidence| per equal-width bin, weighted by images (Guo et al. 2017)."""
    _, confidence, correct = reliability(logits, labels, bins).unbind(1)
    return ((correct - confidence).abs().sum() / len(labels)).item()


def confident_errors(logits: Tensor, labels: Tensor, limit: int) -> list[dict[str, Any]]:
    """List up to `limit` misclassified images, most confident first.

    Returns:
        One dict per image: index, label and predicted (class indices), and confidence.
    """
    confidence, predicted = logits.double().softmax(1).max(1)
    wrong = (predicted != labels).nonzero().flatten()
    wrong = wrong[confidence[wrong].argsort(descending=True, stable=True)][:limit]
    columns = (wrong, labels[wrong], predicted[wrong], confidence[wrong])
    names = ("index", "label", "predicted", "confidence")
    return [dict(zip(names, row, strict=True)) for row in zip(*(column.tolist() for column in columns), strict=True)]


def summary(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return all metrics of this module, except `confident_errors`, as plain numbers."""
    counts = confusion(logits, labels)
    correct, images = counts.diagonal().tolist(), counts.sum(1).tolist()
    intervals = [wilson_interval(*pair) for pair in zip(correct, images, strict=True)]
    return {
        "images": len(labels),
        **metrics(logits, labels),
        "accuracy_interval": wilson_interval(sum(correct), len(labels)),
        "per_class_accuracy": dict(zip(classes, per_class_accuracy(logits, labels).tolist(), strict=True)),
        "per_class_interval": dict(zip(classes, intervals, strict=True)),
        "calibration_error": calibration_error(logits, labels),
        "reliability": reliability(logits, labels).tolist(),
        "confusion": counts.tolist(),
    }
