"""Mixup and CutMix against numbers worked out by hand, and their weights against Beta's moments."""

import numpy as np
import pytest
import torch

from ablate.augmentation.mixing import CutMix, Mixup, MixupOrCutMix
from ablate.backend import seeding


def test_mixup_worked_out_by_hand():
    images = torch.tensor([0, 200], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    mixed, targets = Mixup(1.0)(images, torch.eye(2), torch.tensor([[0.75], [0.9]]))
    assert torch.allclose(mixed[:, 0, 0, 0], torch.tensor([0.25 * 200, 0.9 * 200]))
    assert torch.allclose(targets, torch.tensor([[0.75, 0.25], [0.1, 0.9]]))


def test_cutmix_worked_out_by_hand():
    images = torch.stack([torch.zeros(1, 4, 4), torch.full((1, 4, 4), 9.0)]).byte()
    # Weight 3/4 leaves a quarter: a square of 2x2 pixels. Center pixel (2, 2): rows and columns 1-2.
    # Center pixel (0, 0): rows and columns -1-0, one pixel of 16 is inside the image.
    draws = torch.tensor([[0.75, 0.5, 0.5], [0.75, 0.0, 0.0]])
    mixed, targets = CutMix(1.0)(images, torch.eye(2), draws)
    expected = images.clone()
    expected[0, 0, 1:3, 1:3] = 9
    expected[1, 0, 0, 0] = 0
    assert torch.equal(mixed, expected)
    assert torch.allclose(targets, torch.tensor([[12 / 16, 4 / 16], [1 / 16, 15 / 16]]))


@pytest.mark.parametrize("step", [Mixup(0.2), CutMix(0.2), Mixup(1.0)])
def test_weights_have_the_moments_of_beta(step):
    weights = step.draw(50_000, seeding.stream(0, "mix"))[:, 0]
    variance = 1 / (4 * (2 * step.alpha + 1))  # of Beta(a, a)
    assert abs(weights.mean() - 0.5) < 5 * np.sqrt(variance / 50_000)
    assert abs(weights.var() / variance - 1) < 0.03


def test_targets_stay_probabilities():
    images = torch.randint(0, 256, (64, 3, 8, 8), dtype=torch.uint8)
    for step in (Mixup(0.5), CutMix(0.5)):
        draws = torch.from_numpy(step.draw(64, seeding.stream(1, "mix")))
        _, targets = step(images, torch.eye(10)[torch.arange(64) % 10], draws)
        assert torch.allclose(targets.sum(1), torch.ones(64)) and (targets >= 0).all()


@pytest.mark.parametrize("step", [Mixup(1.0), CutMix(1.0)])
def test_draws_without_a_probability_are_those_of_earlier_versions(step):
    rng = seeding.stream(3, "mix")
    expected = rng.beta(1.0, 1.0, (40, 1))
    if isinstance(step, CutMix):
        expected = np.concatenate([expected, rng.random((40, 2))], 1)
    assert np.array_equal(step.draw(40, seeding.stream(3, "mix")), expected.astype(np.float32))


def mixed_share(step, images, targets) -> tuple[float, torch.Tensor, torch.Tensor]:
    """Share of the images that are mixed, after checking that the others are unchanged; mixed images and targets."""
    draws = torch.from_numpy(step.draw(len(images), seeding.stream(1, "mix")))
    mixed, mixed_targets = step(images, targets, draws)
    changed = (mixed_targets != targets).any(1)
    assert torch.equal(mixed[~changed].float(), images[~changed].float())
    return changed.float().mean().item(), mixed, mixed_targets


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_an_image_is_mixed_with_the_probability(p):
    n = 3000
    images = torch.arange(n).remainder(251).byte().view(n, 1, 1, 1).expand(n, 1, 6, 6)
    targets = torch.eye(3)[torch.arange(n) % 3]
    for step in (Mixup(1.0, p), MixupOrCutMix(1.0, 1.0, p, 0.0)):
        share, _, _ = mixed_share(step, images, targets)
        assert abs(share - p) <= 4 * np.sqrt(p * (1 - p) / n) + 1e-9
    share, _, _ = mixed_share(CutMix(1.0, p), images, targets)
    assert share <= p and (p == 0) == (share == 0)  # the rectangle may be smaller than a pixel


def test_one_of_both_mixes_as_either_with_the_previous_image_as_it_was():
    images = torch.randint(0, 256, (400, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    targets, step = torch.eye(10)[torch.arange(400) % 10], MixupOrCutMix(0.8, 1.0, 1.0, 0.5)
    draws = torch.from_numpy(step.draw(400, seeding.stream(1, "mix")))
    mixed, mixed_targets = step(images, targets, draws)
    mixup, mixup_targets = Mixup(0.8)(images, targets, draws[:, :1])
    cutmix, cutmix_targets = CutMix(1.0)(images, targets, draws[:, 1:4])
    for i, by_cutmix in enumerate(draws[:, 4].tolist()):
        assert torch.equal(mixed[i], cutmix[i].float() if by_cutmix else mixup[i])
        assert torch.equal(mixed_targets[i], cutmix_targets[i] if by_cutmix else mixup_targets[i])
    assert abs(draws[:, 4].mean() - 0.5) < 0.1
    for p in (0.0, 1.0):
        assert (MixupOrCutMix(0.8, 1.0, 1.0, p).draw(400, seeding.stream(1, "mix"))[:, 4] == p).all()
