"""Metrics that follow from stored predictions, so that finished runs have them too: name -> function.

Each takes the labels, int (N,), and the logits, float (N, classes), of the evaluation images, and returns one number;
NaN where it is not defined. Fractions, but for the negative log-likelihood (nats).
"""

import logging
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from omegaconf import DictConfig, OmegaConf

from ablate.evaluation import class_metrics
from ablate.runs import predictions
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)
TESTED = ("val_nll", "val_ece")  # metrics that every test records: loss and calibration_error
BINS = 15  # of the calibration error, as in Guo et al. (2017)


def balanced_accuracy(labels: np.ndarray, logits: np.ndarray) -> float:
    """Mean over the classes that occur of the share of their images that is classified correctly."""
    return _by_class(labels, logits)["balanced_accuracy"]


def macro_f1(labels: np.ndarray, logits: np.ndarray) -> float:
    """Mean over the classes that occur of the harmonic mean of precision and recall."""
    return _by_class(labels, logits)["macro_f1"]


def worst_class_accuracy(labels: np.ndarray, logits: np.ndarray) -> float:
    """Lowest share of a class's images that is classified correctly, of the classes that occur."""
    return _by_class(labels, logits)["worst_class_accuracy"]


def _by_class(labels: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    classes, predicted = logits.shape[1], logits.argmax(1)
    counted = (labels, predicted, labels[labels == predicted])
    return class_metrics.of_counts(*(np.bincount(of, minlength=classes) for of in counted))


def top5_accuracy(labels: np.ndarray, logits: np.ndarray) -> float:
    """Share of images whose class is among the five with the highest logits; NaN with five classes or fewer."""
    if logits.shape[1] <= 5:
        return float("nan")
    highest = np.argpartition(-logits, 5, axis=1)[:, :5]
    return float((highest == labels[:, None]).any(1).mean())


def nll(labels: np.ndarray, logits: np.ndarray) -> float:
    """Mean negative log-likelihood of the labels, in nats."""
    from scipy.special import log_softmax

    return float(-log_softmax(logits.astype(float), axis=1)[np.arange(len(labels)), labels].mean())


def ece(labels: np.ndarray, logits: np.ndarray) -> float:
    """Expected calibration error: |accuracy - confidence| per equal-width bin, weighted by images (Guo et al. 2017).

    NaN if a logit is not finite.
    """
    from scipy.special import softmax

    if not np.isfinite(logits).all():
        return float("nan")
    probability = softmax(logits.astype(float), axis=1)
    confidence, correct = probability.max(1), probability.argmax(1) == labels
    bins = np.clip(np.ceil(confidence * BINS).astype(int), 1, BINS) - 1
    gaps = np.bincount(bins, correct - confidence, BINS)
    return float(np.abs(gaps).sum() / len(labels))


def auroc(labels: np.ndarray, logits: np.ndarray) -> float:
    """Area under the ROC curve: of the second class with two classes, else the mean of one class against the others.

    The mean is over the classes that occur; NaN if there is only one, or if a logit is not finite.
    """
    from scipy.special import softmax
    from sklearn.metrics import roc_auc_score

    occurring = np.unique(labels)
    if len(occurring) < 2 or not np.isfinite(logits).all():
        return float("nan")
    probability = softmax(logits.astype(float), axis=1)
    if logits.shape[1] == 2:
        return float(roc_auc_score(labels, probability[:, 1]))
    return float(np.mean([roc_auc_score(labels == label, probability[:, label]) for label in occurring]))


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "val_balanced_accuracy": balanced_accuracy,
    "val_macro_f1": macro_f1,
    "val_worst_class_accuracy": worst_class_accuracy,
    "val_top5_accuracy": top5_accuracy,
    "val_nll": nll,
    "val_ece": ece,
    "val_auroc": auroc,
}


def of_test_images(config: DictConfig, labels: np.ndarray, logits: np.ndarray) -> dict[str, float] | None:
    """The metrics of a run's study (`study.metric` and `study.secondary`) on test images; None if it has none of these.

    Accuracy, loss and calibration error, which every test has, are left out.
    """
    study = OmegaConf.select(config, "study") or {}
    named = [study.get("metric"), *(study.get("secondary") or [])]
    values = {name: METRICS[name](labels, logits) for name in named if name in METRICS and name not in TESTED}
    return {name: value for name, value in values.items() if not math.isnan(value)} or None


def value(folder: Path, record: RunRecord, name: str) -> float | None:
    """A metric of a finished run: as recorded, or from its stored predictions; None if it has neither."""
    recorded = (record.metrics or {}).get(name)
    if recorded is not None or name not in METRICS:
        return recorded
    if not (folder / predictions.FILE).exists():
        return None
    try:
        return METRICS[name](*predictions.logits(folder))
    except InputError as error:
        log.warning("%s", error)
        return None
    except Exception:  # numpy and zipfile raise many types of exception on a damaged file
        return None
