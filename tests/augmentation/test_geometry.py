"""Flips and crops against torchvision's functions, image by image."""

import numpy as np
import pytest
import torch

from ablate.augmentation.geometry import Crop, Flip
from ablate.backend import seeding
from ablate.backend.torchvision import torchvision  # noqa: F401
from ablate.terminal.errors import InputError


def batch(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, 3, 8, 8), generator=generator, dtype=torch.uint8), torch.eye(n)


def test_flip_is_torchvisions_for_the_drawn_images():
    from torchvision.transforms.v2 import functional

    images, targets = batch(8)
    draws = torch.tensor([[True], [False]] * 4)
    flipped, _ = Flip(0.5)(images, targets, draws)
    for i in range(8):
        expected = functional.horizontal_flip(images[i]) if i % 2 == 0 else images[i]
        assert torch.equal(flipped[i], expected)


def test_flip_draws_with_its_probability():
    for p in (0.0, 0.3, 1.0):
        share = Flip(p).draw(20_000, seeding.stream(0, "flip")).mean()
        assert abs(share - p) <= 4 * np.sqrt(p * (1 - p) / 20_000)


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_crop_is_torchvisions_pad_and_crop_at_every_corner(mode):
    from torchvision.transforms.v2 import functional

    images, targets = batch(25)
    corners = torch.tensor([[row, column] for row in range(5) for column in range(5)])
    cut, _ = Crop(2, mode)(images, targets, corners)
    for i, (row, column) in enumerate(corners.tolist()):
        expected = functional.crop(functional.pad(images[i], [2, 2, 2, 2], padding_mode=mode), row, column, 8, 8)
        assert torch.equal(cut[i], expected)
    assert len(cut) == 25


def test_crop_draws_every_corner_equally_often():
    draws = Crop(2, "constant").draw(50_000, seeding.stream(0, "crop"))
    counts = np.bincount(draws[:, 0] * 5 + draws[:, 1], minlength=25)
    assert len(counts) == 25 and (np.abs(counts - 2000) < 5 * np.sqrt(2000)).all()


def test_reflect_padding_must_be_smaller_than_the_image():
    images, targets = batch(1)
    with pytest.raises(InputError, match="padding=8 .* must be smaller than the images, 8 x 8 pixels"):
        Crop(8, "reflect")(images, targets, torch.zeros(1, 2, dtype=torch.long))


@pytest.mark.parametrize(("padding", "side", "pixels"), [(0.125, 32, 4), (0.25, 8, 2), (0.01, 8, 1)])
def test_a_padding_below_1_is_a_fraction_of_the_image(padding, side, pixels):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (6, 3, side, side), generator=generator, dtype=torch.uint8)
    step, fractions = Crop(padding, "constant"), torch.tensor([[0.0, 0.0], [0.999, 0.0], [0.5, 0.999]] * 2)
    corners = (fractions * (2 * pixels + 1)).long()
    assert corners[1, 0] == 2 * pixels
    expected, _ = Crop(pixels, "constant")(images, torch.eye(6), corners)
    assert torch.equal(step(images, torch.eye(6), fractions)[0], expected)
    draws = step.draw(10_000, seeding.stream(0, "crop"))
    assert draws.shape == (10_000, 2) and draws.min() >= 0 and draws.max() < 1 and abs(draws.mean() - 0.5) < 0.01
