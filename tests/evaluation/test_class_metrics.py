"""Metrics of a confusion matrix, and of the majority-class baseline, against scikit-learn."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score, recall_score

from ablate.evaluation.class_metrics import majority, of_confusion


def of_scikit_learn(labels: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    known = np.unique(labels)
    return {
        "accuracy": accuracy_score(labels, predicted),
        "balanced_accuracy": balanced_accuracy_score(labels, predicted),
        "macro_f1": f1_score(labels, predicted, average="macro", labels=known, zero_division=0),
        "worst_class_accuracy": recall_score(labels, predicted, average=None, labels=known).min(),
    }


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("shares", [[0.9, 0.1], [0.5, 0.3, 0.2], [0.7, 0.0, 0.3]], ids=str)
def test_metrics_of_a_confusion_matrix(shares):
    rng = np.random.default_rng(0)
    labels, predicted = rng.choice(len(shares), 200, p=shares), rng.integers(0, len(shares), 200)
    counts = confusion_matrix(labels, predicted, labels=range(len(shares)))
    assert of_confusion(counts) == pytest.approx(of_scikit_learn(labels, predicted))


@pytest.mark.parametrize("images", [(50, 50), (3, 80, 10, 7), (5, 0, 15)], ids=str)
def test_the_majority_class_is_that_of_a_dummy_classifier(images):
    labels = np.repeat(np.arange(len(images)), images)
    dummy = DummyClassifier(strategy="most_frequent").fit(labels[:, None], labels)
    expected = of_scikit_learn(labels, dummy.predict(labels[:, None]))
    assert majority(np.array(images)) == pytest.approx({**expected, "auroc": 0.5})
