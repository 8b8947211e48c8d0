"""Cutout against squares worked out by hand, and random erasing against torchvision."""

import numpy as np
import pytest
import torch

from ablate.augmentation.erasing import Cutout, RandomErasing, boxes
from ablate.augmentation.rectangles import rectangles, sizes
from ablate.backend import seeding
from ablate.backend.torchvision import torchvision  # noqa: F401
from tests.augmentation.distributions import assert_same_distribution

ERASING = RandomErasing(1.0, [0.02, 0.33], [0.3, 3.3], 0)


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


@pytest.mark.parametrize(("size", "side", "pixels"), [(0.25, 32, 8), (0.5, 9, 4), (0.01, 8, 1), (5, 32, 5)])
def test_a_size_below_1_is_a_fraction_of_the_image(size, side, pixels):
    images = torch.ones(1, 1, side, side, dtype=torch.uint8)
    erased, _ = Cutout(size)(images, torch.eye(1), torch.tensor([[0.5, 0.5]]))
    assert (erased == 0).sum() == pixels**2


def erased_boxes(step: RandomErasing, n: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Top, left, height and width of the erased pixels, by looking at them, (erased images, 4)."""
    images = torch.full((n, *shape), 200, dtype=torch.uint8)
    draws = torch.from_numpy(step.draw(n, seeding.stream(0, "erasing")))
    erased, targets = step(images, torch.eye(n)[:, :2], draws)
    assert torch.equal(targets, torch.eye(n)[:, :2]) and (images == 200).all()
    masks = (erased == step.value).all(1)
    assert (erased[~masks[:, None].expand_as(erased)] == 200).all()
    found = []
    for mask in masks[masks.any(2).any(1)]:
        rows, columns = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
        box = int(rows[0]), int(columns[0]), len(rows), len(columns)
        assert mask.sum() == box[2] * box[3]  # a rectangle
        found.append(box)
    return np.array(found)


@pytest.mark.parametrize("shape", [(3, 24, 24), (1, 20, 32)])
def test_rectangles_are_erased_as_by_torchvision(shape):
    from torchvision.transforms import RandomErasing as Reference

    n = 800
    torch.manual_seed(0)
    image = torch.empty(shape)
    theirs = [Reference.get_params(image, tuple(ERASING.scale), tuple(ERASING.ratio), [0])[:4] for _ in range(n)]
    assert_same_distribution(erased_boxes(ERASING, n, shape), np.array(theirs))


def test_images_are_erased_with_the_probability_and_the_value():
    for p in (0.0, 0.25, 1.0):
        share = len(erased_boxes(RandomErasing(p, [0.02, 0.33], [0.3, 3.3], 127), 1200, (1, 8, 8))) / 1200
        assert abs(share - p) <= 4 * np.sqrt(p * (1 - p) / 1200)


def test_nothing_is_erased_where_no_rectangle_fits():
    images = torch.ones(5, 1, 8, 8, dtype=torch.uint8)
    step = RandomErasing(1.0, [1.0, 1.0], [1.0, 1.0], 0)  # as large as the image, not smaller
    draws = torch.from_numpy(step.draw(5, seeding.stream(0, "erasing")))
    assert not rectangles(draws[:, :-1], sizes(images), [1.0, 1.0], [1.0, 1.0], margin=1)[1].any()
    assert torch.equal(step(images, torch.eye(5), draws)[0], images)
