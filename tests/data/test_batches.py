"""Batches, and the images of a run on its device."""

import numpy as np
import torch

from ablate.data.batches import batches, scaling


def test_a_last_batch_of_one_is_left_out_but_a_data_set_of_one_is_not():
    sizes = [[len(part) for part in batches(torch.arange(n), 4)] for n in (8, 9, 10, 1)]
    assert sizes == [[4, 4], [4, 4], [4, 4, 2], [1]]


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
