"""Cutout against squares worked out by hand."""

import torch

from ablate.augmentation.erasing import Cutout, boxes
from ablate.backend import seeding


def test_boxes_worked_out_by_hand():
    # 4x4 pixels, side 2. Center pixel (2, 1): rows 1-2, columns 0-1.
    # Center pixel (0, 3): rows -1-0, columns 2-3, clipped at the border.
    mask = boxes(torch.tensor([[0.5, 0.25], [0.0, 0.99]]), 2, torch.Size([2, 3, 4, 4]))
    expected = torch.zeros(2, 1, 4, 4, dtype=bool)
    expected[0, 0, 1:3, 0:2] = True
    expected[1, 0, 0:1, 2:4] = True
    assert torch.equal(mask, expected)


def test_cutout_erases_only_the_square_in_every_channel():
    images = torch.full((1, 3, 8, 8), 7, dtype=torch.uint8)
    erased, targets = Cutout(4)(images, torch.eye(1), torch.tensor([[0.5, 0.5]]))
    expected = images.clone()
    expected[:, :, 2:6, 2:6] = 0
    assert torch.equal(erased, expected) and torch.equal(targets, torch.eye(1))
    assert (images == 7).all()  # the input is not modified


def test_cutout_erases_the_expected_share():
    # A side of 4 in 8 pixels: over the 8 equally likely centers 2, 3, 4, 4, 4, 4, 4, 3 pixels of a row are inside.
    images = torch.ones(20_000, 1, 8, 8, dtype=torch.uint8)
    step = Cutout(4)
    erased, _ = step(images, torch.ones(20_000, 1), torch.from_numpy(step.draw(20_000, seeding.stream(0, "cutout"))))
    expected = ((2 + 3 + 4 + 4 + 4 + 4 + 4 + 3) / 64) ** 2
    assert abs((erased == 0).float().mean().item() - expected) < 0.002
