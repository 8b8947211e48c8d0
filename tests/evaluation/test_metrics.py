"""Figures from logits, by hand and against scikit-learn."""

import math

import pytest
import torch

from ablate.evaluation import metrics, tta

# Probabilities by hand: the first three right, the fourth wrong.
LOGITS = torch.log(torch.tensor([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]]))
LABELS = torch.tensor([0, 1, 2, 1])


def test_accuracy_and_loss_by_hand():
    found = metrics.metrics(LOGITS, LABELS)
    assert found["accuracy"] == 0.75
    assert found["loss"] == pytest.approx(-(math.log(0.9) + math.log(0.7) + math.log(0.8) + math.log(0.3)) / 4)


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


def test_predictions_do_not_depend_on_the_batch_and_change_nothing():
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
    ("right", "images", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_newcombes(right, images, low, high):
    assert metrics.wilson(right, images) == pytest.approx([low, high], abs=5e-5)
    assert metrics.wilson(images - right, images) == pytest.approx([1 - high, 1 - low], abs=5e-5)


def test_a_class_without_images_has_no_interval():
    found = metrics.summary(LOGITS, LABELS.clamp(max=1), ("a", "b", "c"))
    assert found["per_class_interval"]["c"] is None and found["per_class_accuracy"]["c"] != found["accuracy"]
    assert found["images"] == 4 and sum(map(sum, found["confusion"])) == 4


def test_mistakes_by_hand():
    """Of the first three the wrong class has .9, .7, .8; the fourth is right."""
    found = metrics.mistakes(LOGITS, torch.tensor([1, 0, 0, 0]), most=2)
    assert [(one["index"], one["label"], one["predicted"]) for one in found] == [(0, 1, 0), (2, 0, 2)]
    assert [one["confidence"] for one in found] == pytest.approx([0.9, 0.8])
    assert metrics.mistakes(LOGITS[:3], LABELS[:3], most=2) == []


def test_reliability_by_hand():
    """Three bins: .6 is in the second, .7, .8 and .9 in the third; the one in the second is wrong."""
    expected = torch.tensor([[0, 0, 0], [1, 0.6, 0], [3, 2.4, 3]], dtype=torch.float64)
    torch.testing.assert_close(metrics.reliability(LOGITS, LABELS, 3), expected, atol=1e-6, rtol=0)


def test_large_images_come_in_small_batches():
    seen = []

    def prepare(batch):
        seen.append(tuple(batch.shape))
        return batch[:, :, 0, :3].float().flatten(1)

    metrics.predict(torch.nn.Identity(), torch.zeros(10, 1, 1024, 1024, dtype=torch.uint8), prepare, tta.none)
    assert seen == [(1, 1, 1024, 1024)] * 10
    seen.clear()
    metrics.predict(torch.nn.Identity(), torch.zeros(1100, 1, 32, 32, dtype=torch.uint8), prepare, tta.none)
    assert [shape[0] for shape in seen] == [500, 500, 100]
