"""Metrics of predictions, against values worked out by hand and against PyTorch."""

import math

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from ablate.evaluation import metrics
from ablate.evaluation.predicted_metrics import METRICS, of_test_images

# Four images of class 0, one of class 1, one of class 2; the model predicts 0 0 0 1, 1, 0.
LABELS = np.array([0, 0, 0, 0, 1, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 0])
LOGITS = 3.0 * np.eye(3)[PREDICTED]


@pytest.mark.parametrize(
    ("metric", "secondary", "names"),
    [
        ("val_macro_f1", ["val_auroc", "val_loss"], ["val_macro_f1", "val_auroc"]),
        ("val_accuracy", ["val_top5_accuracy"], None),  # not defined with three classes
        ("val_ece", [], None),  # which every test records
    ],
)
def test_a_test_has_the_metrics_of_the_study(metric, secondary, names):
    config = OmegaConf.create({"study": {"metric": metric, "secondary": secondary}})
    values = of_test_images(config, LABELS, LOGITS)
    assert values == (names and {name: METRICS[name](LABELS, LOGITS) for name in names})
    assert of_test_images(OmegaConf.create({}), LABELS, LOGITS) is None


def test_every_metric_by_hand():
    assert METRICS["val_balanced_accuracy"](LABELS, LOGITS) == pytest.approx((3 / 4 + 1 + 0) / 3)
    assert METRICS["val_macro_f1"](LABELS, LOGITS) == pytest.approx((3 / 4 + 2 / 3 + 0) / 3)
    assert METRICS["val_worst_class_accuracy"](LABELS, LOGITS) == 0
    assert METRICS["val_worst_class_accuracy"](LABELS[:5], LOGITS[:5]) == 3 / 4
    confidence = math.exp(3) / (math.exp(3) + 2)
    assert METRICS["val_nll"](LABELS, LOGITS) == pytest.approx(
        (-4 * math.log(confidence) - 2 * math.log((1 - confidence) / 2)) / 6
    )
    assert METRICS["val_ece"](LABELS, LOGITS) == pytest.approx(abs(4 / 6 - confidence))  # one bin holds all images
    assert math.isnan(METRICS["val_top5_accuracy"](LABELS, LOGITS))


def test_the_five_highest_logits():
    logits = np.array([[6.0, 5, 4, 3, 2, 1], [6.0, 5, 4, 3, 2, 1]])
    assert METRICS["val_top5_accuracy"](np.array([4, 5]), logits) == 0.5


def test_auroc_counts_pairs_in_the_right_order():
    """The share of (positive, negative) pairs in which the positive has the higher score."""
    scores, labels = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])
    logits = np.stack([np.zeros(4), scores], 1)
    assert METRICS["val_auroc"](labels, logits) == 0.75
    assert math.isnan(METRICS["val_auroc"](np.zeros(4, int), logits))


def test_calibration_and_likelihood_equal_those_of_the_test_set():
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(500, 7, generator=generator), torch.randint(7, (500,), generator=generator)
    assert METRICS["val_ece"](labels.numpy(), logits.numpy()) == pytest.approx(
        metrics.calibration_error(logits, labels), abs=1e-6
    )
    assert METRICS["val_nll"](labels.numpy(), logits.numpy()) == pytest.approx(
        metrics.metrics(logits, labels)["loss"], abs=1e-6
    )


def test_a_class_that_does_not_occur_does_not_count():
    logits = 3.0 * np.eye(4)[PREDICTED]
    assert METRICS["val_balanced_accuracy"](LABELS, logits) == METRICS["val_balanced_accuracy"](LABELS, LOGITS)
    assert METRICS["val_macro_f1"](LABELS, logits) == METRICS["val_macro_f1"](LABELS, LOGITS)
    assert METRICS["val_worst_class_accuracy"](LABELS, logits) == METRICS["val_worst_class_accuracy"](LABELS, LOGITS)


def scores(classes: int, shares: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Labels with these shares, and logits that are better than chance."""
    rng = np.random.default_rng(classes)
    labels = rng.choice(classes, 300, p=shares)
    return labels, 2 * np.eye(classes)[labels] + rng.normal(size=(300, classes))


@pytest.mark.parametrize("shares", [[0.9, 0.1], [0.7, 0.2, 0.1], [0.6, 0.1, 0.1, 0.1, 0.1]], ids=str)
def test_imbalanced_classes_as_in_scikit_learn(shares):
    from scipy.special import softmax
    from sklearn.metrics import balanced_accuracy_score, classification_report, roc_auc_score

    labels, logits = scores(len(shares), shares)
    predicted, probability = logits.argmax(1), softmax(logits, axis=1)
    by_class = classification_report(labels, predicted, output_dict=True)
    expected = {
        "val_balanced_accuracy": balanced_accuracy_score(labels, predicted),
        "val_macro_f1": by_class["macro avg"]["f1-score"],
        "val_worst_class_accuracy": min(by_class[str(label)]["recall"] for label in range(len(shares))),
        "val_auroc": roc_auc_score(labels, probability[:, 1] if len(shares) == 2 else probability, multi_class="ovr"),
    }
    assert {name: METRICS[name](labels, logits) for name in expected} == pytest.approx(expected)


def test_auroc_without_a_class_is_the_mean_over_the_others():
    """scikit-learn refuses such labels; the areas of the classes that occur are its own."""
    from scipy.special import softmax
    from sklearn.metrics import roc_auc_score

    labels, logits = scores(4, [0.5, 0.3, 0.2, 0.0])
    areas = [roc_auc_score(labels == label, softmax(logits, axis=1)[:, label]) for label in range(3)]
    assert METRICS["val_auroc"](labels, logits) == pytest.approx(np.mean(areas))
    assert math.isnan(METRICS["val_auroc"](np.full(300, 2), logits))
