"""Mixup and CutMix against numbers worked out by hand, and their weights against Beta's moments."""

import numpy as np
import pytest
import torch

from ablate.augmentation.mixing import CutMix, Mixup
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
