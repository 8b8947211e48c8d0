"""Layers whose weights are computed from training images."""

import torch
from torch import nn

from ablate.model.speednet import Whitening
from ablate.training.parts import fit_to_data


def test_fewer_large_images_are_used_and_none_without_such_layers():
    images = torch.randint(0, 256, (60, 3, 512, 512), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    sizes = []

    def pixels(batch):
        sizes.append(len(batch))
        return batch / 255

    fit_to_data(nn.Sequential(nn.Conv2d(3, 4, 3)), images, pixels)
    assert sizes == []
    layer = Whitening(3, directions=4, patch_size=3, stride=2)
    fit_to_data(nn.Sequential(layer), images, pixels)
    assert sizes == [19]  # as many pixels as in 5,000 images of 32 x 32
    other = Whitening(3, directions=4, patch_size=3, stride=2)
    other.fit(images[:19] / 255)
    assert torch.equal(layer.weight, other.weight)
