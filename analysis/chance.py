"""Runs that learned nothing: those that end at chance, or predict one class alone; the majority-class baseline."""

import numpy as np
import pandas as pd

from ablate.analysis.image_correctness import Predictions
from ablate.evaluation.class_metrics import majority

ALPHA = 0.001  # of the one-sided exact binomial test against chance


def class_count(runs: pd.DataFrame) -> int | None:
    """The number of classes in the run records; None if no record has it, or they differ."""
    counts = runs["classes"].dropna().unique()
    return int(counts[0]) if len(counts) == 1 else None


def majority_baseline(predictions: Predictions) -> tuple[str, dict[str, float]]:
    """The most common class of the evaluation images, and {metric: recorded value} of always predicting it."""
    images = np.bincount(predictions.labels, minlength=len(predictions.classes))
    return predictions.classes[images.argmax()], {f"val_{name}": value for name, value in majority(images).items()}


def collapsed(runs: pd.DataFrame, predictions: Predictions | None, classes: int | None) -> pd.Series:
    """True for each completed run that learned nothing, booleans in the order of `runs`.

    Either it predicts one class for all images, or its accuracy is not above 1 / classes by a one-sided exact binomial
    test at `ALPHA` over the evaluation images. The test is skipped if there are so few images that even a perfect run
    would not pass it.

    Args:
        runs: frame of `collect`.
        predictions: of the evaluation images; without them no run is judged.
        classes: number of classes; None if unknown, which leaves the first rule.
    """
    judged = pd.Series(False, index=runs.index)
    if predictions is None or len(predictions.labels) < 2:
        return judged
    for run in runs[runs["status"] == "completed"].itertuples():
        predicted = predictions.predicted.get((run.variant, run.seed))
        one_class = predicted is not None and (predicted == predicted[0]).all()
        judged[run.Index] = bool(one_class) or _at_chance(run.val_accuracy, len(predictions.labels), classes)
    return judged


def _at_chance(accuracy: float, images: int, classes: int | None) -> bool:
    """True if the accuracy on so many images is not above 1 / classes."""
    from scipy.special import bdtrc

    if classes is None or classes < 2 or classes ** -float(images) >= ALPHA:
        return False
    correct = round(accuracy * images)
    p = 1.0 if correct == 0 else float(bdtrc(correct - 1, images, 1 / classes))  # P(X >= correct)
    return p >= ALPHA
