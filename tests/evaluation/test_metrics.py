"""Metrics of logits, by hand and against scikit-learn."""

import math

import pytest
import torch

from ablate.evaluation import metrics, tta

# Chosen probabilities: the first three predictions are correct, the fourth is wrong.
LOGITS = torch.log(torch.tensor([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]]))
LABELS = torch.tensor([0, 1, 2, 1])


def test_accuracy_and_loss_by_hand():
    values = metrics.metrics(LOGITS, LABELS)
    assert values["accuracy"] == 0.75
    assert values["loss"] == pytest.approx(-(math.log(0.9) + math.log(0.7) + math.log(0.8) + math.log(0.3)) / 4)


def test_confusion_is_scikit_learns():
    from sklearn.metrics import confusion_matrix

    logits = torch.randn(500, 6, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 5, (500,), generator=torch.Generator().manual_seed(1))  # class 5 never occurs
    expected = confusion_matrix(labels, logits.argmax(1), labels=range(6))
    assert (metrics.confusion(logits, labels).numpy() == expected).all()
    per_class = metrics.per_class_accuracy(logits, labels)
    assert per_class[5].isnan() and per_class[0] == pytest.approx(expected[0, 0] / expected[0].sum())


def test_calibration_error_by_hand():
    # Confidences .9, .7, .8, .6 lie in four different bins of 15; gaps 0.1, 0.3, 0.2, 0.6.
    assert metrics.calibration_error(LOGITS, LABELS) == pytest.approx((0.1 + 0.3 + 0.2 + 0.6) / 4, abs=1e-6)


def test_predictions_do_not_depend_on_the_batch_or_change_the_model():
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.BatchNorm1d(12), torch.nn.Dropout(), torch.nn.Linear(12, 3)
    )
    images = torch.randint(0, 256, (1201, 3, 2, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    logits = metrics.predict(model, images, lambda batch: batch / 255, tta.none)
    assert logits.shape == (1201, 3)
    assert torch.allclose(
        logits[700:710], metrics.predict(model, images[700:710], lambda batch: batch / 255, tta.none), atol=1e-6
    )
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


# Newcombe (1998), Statistics in Medicine 17:857, Table I, method 3: Wilson's score interval.
@pytest.mark.parametrize(
    ("correct", "images", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_newcombes(correct, images, low, high):
    assert metrics.wilson_interval(correct, images) == pytest.approx([low, high], abs=5e-5)
    assert metrics.wilson_interval(images - correct, images) == pytest.approx([1 - high, 1 - low], abs=5e-5)


def test_a_class_without_images_has_no_interval():
    result = metrics.summary(LOGITS, LABELS.clamp(max=1), ("a", "b", "c"))
    assert result["per_class_interval"]["c"] is None and result["per_class_accuracy"]["c"] != result["accuracy"]
    assert result["images"] == 4 and sum(map(sum, result["confusion"])) == 4


def test_confident_errors_by_hand():
    """The first three are wrong with confidence .9, .7 and .8; the fourth is correct."""
    errors = metrics.confident_errors(LOGITS, torch.tensor([1, 0, 0, 0]), limit=2)
    assert [(error["index"], error["label"], error["predicted"]) for error in errors] == [(0, 1, 0), (2, 0, 2)]
    assert [error["confidence"] for error in errors] == pytest.approx([0.9, 0.8])
    assert metrics.confident_errors(LOGITS[:3], LABELS[:3], limit=2) == []


def test_reliability_by_hand():
    """Of three bins, the second contains .6, which is wrong; the third .7, .8 and .9, which are correct."""
    expected = torch.tensor([[0, 0, 0], [1, 0.6, 0], [3, 2.4, 3]], dtype=torch.float64)
    torch.testing.assert_close(metrics.reliability(LOGITS, LABELS, 3), expected, atol=1e-6, rtol=0)


def test_batches_of_large_images_are_small():
    shapes = []

    def prepare(batch):
        shapes.append(tuple(batch.shape))
        return batch[:, :, 0, :3].float().flatten(1)

    metrics.predict(torch.nn.Identity(), torch.zeros(10, 1, 1024, 1024, dtype=torch.uint8), prepare, tta.none)
    assert shapes == [(1, 1, 1024, 1024)] * 10
    shapes.clear()
    metrics.predict(torch.nn.Identity(), torch.zeros(1100, 1, 32, 32, dtype=torch.uint8), prepare, tta.none)
    assert [shape[0] for shape in shapes] == [500, 500, 100]
