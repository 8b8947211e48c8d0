"""Figures from logits, by hand and against scikit-learn."""

import math

import pytest
import torch

from ablate import evaluate

# Probabilities by hand: the first three right, the fourth wrong.
LOGITS = torch.log(torch.tensor([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]]))
LABELS = torch.tensor([0, 1, 2, 1])


def test_accuracy_and_loss_by_hand():
    found = evaluate.metrics(LOGITS, LABELS)
    assert found["accuracy"] == 0.75
    assert found["loss"] == pytest.approx(-(math.log(0.9) + math.log(0.7) + math.log(0.8) + math.log(0.3)) / 4)


def test_confusion_is_scikit_learns():
    from sklearn.metrics import confusion_matrix

    logits = torch.randn(500, 6, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 5, (500,), generator=torch.Generator().manual_seed(1))  # class 5 never occurs
    expected = confusion_matrix(labels, logits.argmax(1), labels=range(6))
    assert (evaluate.confusion(logits, labels).numpy() == expected).all()
    per_class = evaluate.per_class_accuracy(logits, labels)
    assert per_class[5].isnan() and per_class[0] == pytest.approx(expected[0, 0] / expected[0].sum())


def test_calibration_error_by_hand():
    # Confidences .9, .7, .8, .6 lie in four different bins of 15; gaps 0.1, 0.3, 0.2, 0.6.
    assert evaluate.calibration_error(LOGITS, LABELS) == pytest.approx((0.1 + 0.3 + 0.2 + 0.6) / 4, abs=1e-6)


def test_predictions_do_not_depend_on_the_batch_and_change_nothing():
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.BatchNorm1d(12), torch.nn.Dropout(), torch.nn.Linear(12, 3)
    )
    images = torch.randint(0, 256, (1201, 3, 2, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    logits = evaluate.predict(model, images, lambda batch: batch / 255)
    assert logits.shape == (1201, 3)
    assert torch.allclose(
        logits[700:710], evaluate.predict(model, images[700:710], lambda batch: batch / 255), atol=1e-6
    )
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
