"""Losses against numbers computed by hand."""

import math

import pytest
import torch
from torch.nn import functional as F

from ablate import loss

LOGITS = torch.tensor([[0.0, math.log(3.0)], [math.log(4.0), 0.0]])  # probabilities (1/4, 3/4) and (4/5, 1/5)
TARGETS = torch.eye(2)


def test_cross_entropy_by_hand():
    assert loss.cross_entropy(0)(LOGITS, TARGETS).item() == pytest.approx((math.log(4) + math.log(5)) / 2)


def test_cross_entropy_with_smoothing_by_hand():
    # Smoothing 0.2 over two classes: the label keeps 0.9, the other gets 0.1.
    first = -0.9 * math.log(1 / 4) - 0.1 * math.log(3 / 4)
    second = -0.9 * math.log(1 / 5) - 0.1 * math.log(4 / 5)
    assert loss.cross_entropy(0.2)(LOGITS, TARGETS).item() == pytest.approx((first + second) / 2)


def test_one_hot_targets_are_labels():
    logits, labels = torch.randn(50, 7, generator=torch.Generator().manual_seed(0)), torch.arange(50) % 7
    for smoothing in (0.0, 0.1):
        expected = F.cross_entropy(logits, labels, label_smoothing=smoothing)
        assert loss.cross_entropy(smoothing)(logits, F.one_hot(labels, 7).float()).item() == pytest.approx(
            expected.item()
        )


def test_focal_by_hand():
    expected = ((3 / 4) ** 2 * math.log(4) + (4 / 5) ** 2 * math.log(5)) / 2
    assert loss.Focal(2)(LOGITS, TARGETS).item() == pytest.approx(expected)


def test_focal_without_focus_is_cross_entropy_for_mixed_targets_too():
    targets = torch.tensor([[0.3, 0.7], [0.5, 0.5]])
    assert loss.Focal(0)(LOGITS, targets).item() == pytest.approx(F.cross_entropy(LOGITS, targets).item())


def test_focal_has_a_finite_gradient_at_certainty():
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    loss.Focal(2)(logits, torch.tensor([[1.0, 0.0]])).backward()
    assert logits.grad.isfinite().all()


def example(classes: int = 5) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits, mixed class probabilities and weights, one of them 0."""
    rng = torch.Generator().manual_seed(3)
    weights = torch.rand(classes, generator=rng)
    weights[1] = 0
    return torch.randn(40, classes, generator=rng), torch.rand(40, classes, generator=rng).softmax(1), weights


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_class_weights_multiply_the_smoothed_terms_and_the_mean_is_over_images(smoothing):
    logits, targets, weights = example()
    smoothed = (1 - smoothing) * targets + smoothing / 5
    expected = -(weights * smoothed * logits.log_softmax(1)).sum(1).mean()
    assert loss.cross_entropy(smoothing, weights)(logits, targets).item() == pytest.approx(expected.item(), rel=1e-5)


def test_weighted_focal_without_focus_is_weighted_cross_entropy():
    logits, targets, weights = example()
    expected = F.cross_entropy(logits, targets, weights)
    assert loss.Focal(0, weights)(logits, targets).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (0.5, 0.9), (5.0, 0.5)])
def test_focal_of_two_classes_is_that_of_torchvision(gamma, alpha):
    from ablate.backend.torchvision import torchvision

    logits, labels = 3 * torch.randn(60, generator=torch.Generator().manual_seed(1)), torch.arange(60) % 2
    expected = torchvision.ops.sigmoid_focal_loss(logits, labels.float(), alpha=alpha, gamma=gamma, reduction="mean")
    focal = loss.Focal(gamma, torch.tensor([1 - alpha, alpha]))
    two = torch.stack([torch.zeros(60), logits], 1)  # the sigmoid is the softmax of these
    assert focal(two, F.one_hot(labels, 2).float()).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("label", [0, 1])
def test_the_gradient_of_focal_is_finite_for_certain_predictions(gamma, label):
    logits = torch.tensor([[300.0, 0.0]], requires_grad=True)
    loss.Focal(gamma)(logits, torch.eye(2)[[label]]).backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 1.0), (2.0, 0.3), (4.0, 0.0)])
def test_distillation_by_hand(temperature, alpha):
    taught = torch.tensor([[math.log(2.0), 0.0], [0.0, math.log(8.0)]])
    expected = 0.0
    for row in range(2):
        p, q = ([math.exp(v / temperature) for v in logits[row].tolist()] for logits in (LOGITS, taught))
        p, q = ([v / sum(each) for v in each] for each in (p, q))
        divergence = sum(b * math.log(b / a) for a, b in zip(p, q, strict=True))
        cross_entropy = (math.log(4), math.log(5))[row]
        expected += ((1 - alpha) * cross_entropy + alpha * temperature**2 * divergence) / 2
    assert loss.Distillation("run", temperature, alpha)(LOGITS, TARGETS, taught).item() == pytest.approx(expected)
