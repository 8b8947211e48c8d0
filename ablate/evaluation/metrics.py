"""Images -> logits -> accuracy and its interval, loss, accuracy by class, calibration, confusion, worst mistakes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.data.streamed import Pixels
from ablate.evaluation import tta

BATCH = 500  # images; the logits do not depend on it, memory does
PIXELS = BATCH * 64 * 64  # in a batch, of one channel: large images come in smaller batches
BINS = 15  # of confidence, as in Guo et al. (2017)


@torch.no_grad()
def predict(
    model: nn.Module,
    images: Pixels,
    prepare: Callable[[Tensor], Tensor],
    views: tta.Views,
    steps: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Tensor:
    """Logits (N, classes), float32 on the CPU, of uint8 images (N, C, H, W).

    `prepare` turns a batch into the model's input, over whose `views` the logits are averaged (`tta`); `steps` goes
    through the starts of the batches, and may show how far it is.
    """
    model.eval()
    size = max(1, min(BATCH, PIXELS // (images.shape[2] * images.shape[3])))
    batches = (images[start : start + size] for start in steps(range(0, len(images), size)))
    return torch.cat([tta.logits(model, prepare(batch), views).cpu() for batch in batches])


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


def wilson(right: int, images: int, confidence: float = 0.95) -> list[float] | None:
    """Wilson's (1927) score interval of the accuracy `right / images`, [low, high]; None without an image.

    It is over the images alone: how far the accuracy would change with others of the same kind, the network as it is.
    """
    from scipy.stats import binomtest  # takes most of a second

    if not images:
        return None
    low, high = binomtest(right, images).proportion_ci(confidence, method="wilson")
    return [float(low), float(high)]


def reliability(logits: Tensor, labels: Tensor, bins: int = BINS) -> Tensor:
    """Of each of equal-width bins of confidence: images, sum of their confidences, how many are right; (bins, 3)."""
    confidence, predicted = logits.softmax(1).max(1)
    where = (confidence * bins).ceil().long().clamp(1, bins) - 1
    rows = torch.stack([torch.ones_like(confidence), confidence, (predicted == labels).float()], 1).double()
    return torch.zeros(bins, 3, dtype=torch.float64).index_add(0, where, rows)


def calibration_error(logits: Tensor, labels: Tensor, bins: int = BINS) -> float:
    """Expected calibration error: |accuracy - confidence|, averaged over equal-width bins by size (Guo et al. 2017)."""
    _, confidence, right = reliability(logits, labels, bins).unbind(1)
    return ((right - confidence).abs().sum() / len(labels)).item()


def mistakes(logits: Tensor, labels: Tensor, most: int) -> list[dict[str, Any]]:
    """The images that are taken for something else, surest first: index, label and predicted (classes), confidence."""
    confidence, predicted = logits.double().softmax(1).max(1)
    wrong = (predicted != labels).nonzero().flatten()
    wrong = wrong[confidence[wrong].argsort(descending=True, stable=True)][:most]
    columns = (wrong, labels[wrong], predicted[wrong], confidence[wrong])
    names = ("index", "label", "predicted", "confidence")
    return [dict(zip(names, row, strict=True)) for row in zip(*(column.tolist() for column in columns), strict=True)]


def summary(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict[str, Any]:
    """All of the above as plain numbers, mistakes aside."""
    counts = confusion(logits, labels)
    right, images = counts.diagonal().tolist(), counts.sum(1).tolist()
    intervals = [wilson(*pair) for pair in zip(right, images, strict=True)]
    return {
        "images": len(labels),
        **metrics(logits, labels),
        "accuracy_interval": wilson(sum(right), len(labels)),
        "per_class_accuracy": dict(zip(classes, per_class_accuracy(logits, labels).tolist(), strict=True)),
        "per_class_interval": dict(zip(classes, intervals, strict=True)),
        "calibration_error": calibration_error(logits, labels),
        "reliability": reliability(logits, labels).tolist(),
        "confusion": counts.tolist(),
    }
