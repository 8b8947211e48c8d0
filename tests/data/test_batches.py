"""Batches, and the images of a run on its device."""

import numpy as np
import pytest
import torch

from ablate.data.batches import batches, scaling, step_batches


def test_a_last_batch_of_one_is_left_out_but_a_data_set_of_one_is_not():
    sizes = [[len(part) for part in batches(torch.arange(n), 4)] for n in (8, 9, 10, 1)]
    assert sizes == [[4, 4], [4, 4], [4, 4, 2], [1]]


@pytest.mark.parametrize("accumulate", [1, 2, 3])
def test_batches_of_one_image_leave_no_image_out(accumulate):
    order = torch.arange(10)
    assert torch.cat([batch for step in step_batches(order, 1, accumulate) for batch in step]).tolist() == list(
        range(10)
    )


@pytest.mark.parametrize("images", range(1, 40))
def test_steps_of_larger_batches_leave_out_the_last_image_if_it_is_alone(images):
    for size, accumulate in ((2, 1), (2, 3), (3, 2), (5, 4)):
        parts = step_batches(torch.arange(images), size, accumulate)
        assert all(len(step) == accumulate for step in parts[:-1])
        kept = images - 1 if images > 1 and images % size == 1 else images
        assert torch.cat([batch for step in parts for batch in step]).tolist() == list(range(kept))


def test_batches_keep_the_order():
    order = torch.tensor([3, 1, 4, 0, 2, 5])
    assert [part.tolist() for part in batches(order, 4)] == [[3, 1, 4, 0], [2, 5]]


def test_pixels_are_scaled_by_channel():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    mean, std = np.array([0.5, 0.25, 0.1]), np.array([0.2, 0.5, 1.0])
    pixels = scaling(torch.tensor(mean), torch.tensor(std), torch.device("cpu"), torch.channels_last)
    scaled = pixels(torch.from_numpy(images))
    expected = (images / 255 - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(scaled.numpy(), expected, atol=1e-6)
    assert scaled.is_contiguous(memory_format=torch.channels_last)
