"""Rectangles worked out by hand. Their distribution is compared in test_resized_crop.py and test_erasing.py."""

import numpy as np
import torch

from ablate.augmentation.rectangles import ATTEMPTS, rectangles


def numbers(areas: list[float], ratios: list[float], position: tuple[float, float]) -> torch.Tensor:
    fill = ATTEMPTS - len(areas)
    return torch.tensor([[*areas, *[0.5] * fill, *ratios, *[0.5] * fill, *position]])


def test_the_first_attempt_that_fits_is_used() -> None:
    # 20 x 10 pixels. Area 1, ratio 1: 14 x 14 does not fit. Area 0.5, ratio 1: 10 x 10 does.
    draws = numbers([1.0, 0.5], [0.5, 0.5], (0.0, 0.99))
    boxes, found = rectangles(draws, torch.tensor([[20, 10]]), (0.0, 1.0), (0.5, 2.0))
    assert boxes.tolist() == [[0, 0, 10, 10]] and found.tolist() == [True]
    # Area 0.16 of 20 x 20 and ratio 4: width 16, height 4, at 16 of the rows 0 to 16 and 2 of the columns 0 to 4.
    draws = numbers([0.16], [1.0], (0.99, 0.5))
    boxes, found = rectangles(draws, torch.tensor([[20, 20]]), (0.0, 1.0), (0.25, 4.0))
    assert boxes.tolist() == [[16, 2, 4, 16]] and found.tolist() == [True]
    _, found = rectangles(draws, torch.tensor([[20, 20]]), (0.9, 1.0), (8.0, 9.0))
    assert found.tolist() == [False]


def test_they_lie_inside_the_image_for_the_largest_draws() -> None:
    largest = torch.full((1, 2 * ATTEMPTS + 2), np.nextafter(np.float32(1), np.float32(0)))
    for length in (4, 33, 1024, 4099):
        boxes, found = rectangles(largest, torch.tensor([[length, length]]), (0.5, 0.5), (1.0, 1.0))
        top, left, height, width = boxes[0].tolist()
        assert found.all() and top + height <= length and left + width <= length
