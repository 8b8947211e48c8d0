"""Metrics in which all classes count alike, from a confusion matrix; and those of the majority-class baseline."""

import numpy as np


def of_confusion(counts: np.ndarray) -> dict[str, float]:
    """Compute accuracy, balanced accuracy, macro-F1 and worst-class accuracy; fractions, means over classes that occur.

    Args:
        counts: confusion matrix, int (classes, classes): rows are true classes, columns predicted ones.
    """
    return of_counts(counts.sum(1), counts.sum(0), counts.diagonal())


def of_counts(images: np.ndarray, predicted: np.ndarray, correct: np.ndarray) -> dict[str, float]:
    """Compute the metrics of `of_confusion` without the matrix.

    Args:
        images: number of images of each class, int (classes,).
        predicted: how often each class is predicted, int (classes,).
        correct: how often it is predicted correctly, int (classes,).
    """
    occurs = images > 0
    correct = correct[occurs]
    recall, f1 = correct / images[occurs], 2 * correct / (images + predicted)[occurs]
    return {
        "accuracy": float(correct.sum() / images.sum()),
        "balanced_accuracy": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "worst_class_accuracy": float(recall.min()),
    }


def majority(images: np.ndarray) -> dict[str, float]:
    """Compute the metrics of `of_confusion`, and AUROC, for a classifier that always predicts the most common class.

    Args:
        images: number of images of each class, int (classes,).
    """
    counts = np.zeros((len(images), len(images)), np.int64)
    counts[:, images.argmax()] = images
    return {**of_confusion(counts), "auroc": 0.5}
