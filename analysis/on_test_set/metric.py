"""The metric of a study on test images."""

import numpy as np

from ablate.evaluation.class_metrics import of_confusion
from ablate.runs.metric import Metric
from ablate.runs.other_test import ConditionResult
from ablate.runs.test_result import TestResult


def value(result: TestResult | ConditionResult, metric: Metric) -> float | None:
    """The recorded value of a metric on test images; None if it is unknown, as of a training metric.

    A test of an earlier version has no metrics of the study, but those of its confusion matrix.
    """
    known = {
        "val_accuracy": result.accuracy,
        "val_loss": result.loss,
        "val_nll": result.loss,
        "val_ece": result.calibration_error,
        **(result.metrics or {}),
    }
    if metric.name not in known and isinstance(result, TestResult):
        known |= {f"val_{name}": one for name, one in of_confusion(np.array(result.confusion)).items()}
    return known.get(metric.name)


def label(metric: Metric) -> str:
    """The name of a metric on test images: `test macro-F1`."""
    return metric.label.replace("validation", "test", 1)


def title(metric: Metric) -> str:
    """The name of a metric at the start of a title, without its data: `Accuracy`, `Macro-F1`."""
    text = metric.label.removeprefix("validation ")
    return text[:1].upper() + text[1:]


def column(metric: Metric) -> str:
    """The column of a metric in tables of results on test images."""
    known = {"val_loss": "loss", "val_nll": "loss", "val_ece": "calibration_error"}
    return known.get(metric.name, metric.name.removeprefix("val_"))


def noun(metric: Metric) -> str:
    """The values of a metric in a sentence: `the accuracies`, `the macro-F1`."""
    return "the accuracies" if metric.is_accuracy else f"the {metric.label.removeprefix('validation ')}"
