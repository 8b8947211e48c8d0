"""Weight gradients at kernel positions that only see padding are 0, whatever PyTorch leaves there."""

import pytest
import torch
from torch import nn

from ablate.backend.padded_convolutions import seeing, zero_gradients

SHAPES = [  # kernel, stride, padding, dilation, height, width
    (3, 2, 1, 1, 1, 1),
    (5, 2, 2, 1, 1, 1),
    (7, 2, 3, 1, 2, 5),
    (3, 1, 2, 2, 1, 3),
    (3, 3, 1, 1, 2, 1),
    (3, 2, 1, 1, 8, 8),
]


def conv(kernel: int, stride: int, padding: int, dilation: int, channels: int = 2) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, kernel, stride, padding, dilation, bias=False)


@pytest.mark.parametrize("shape", SHAPES)
def test_positions_are_those_whose_weight_changes_the_output(shape):
    layer = conv(*shape[:4], channels=1)
    changes = torch.zeros(shape[0], shape[0], dtype=torch.bool)
    for row in range(shape[0]):
        for column in range(shape[0]):
            nn.init.zeros_(layer.weight)
            layer.weight.data[0, 0, row, column] = 1
            changes[row, column] = bool(layer(torch.ones(1, 1, *shape[4:])).any())
    assert torch.equal(seeing(layer, shape[4:]), changes)


@pytest.mark.parametrize("shape", SHAPES[:2])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_are_those_of_double_precision(shape, layout):
    torch.manual_seed(0)
    layer = conv(*shape[:4], channels=32).to(memory_format=layout)
    images = torch.randn(4, 32, *shape[4:]).contiguous(memory_format=layout)
    with zero_gradients(layer):
        layer(images[:1])
    for _ in range(3):
        _ = [torch.full_like(layer.weight, torch.nan) for _ in range(20)]  # what the memory held before
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            outputs = layer(images)
        outputs.float().sum().backward()
        exact = torch.nn.grad.conv2d_weight(
            images.double(), layer.weight.shape, torch.ones_like(outputs).double(), *shape[1:4]
        )
        torch.testing.assert_close(layer.weight.grad.double(), exact, rtol=0.02, atol=0.1)


class Standardized(nn.Conv2d):
    """Its weight is not that of the convolution: each position has a gradient, through the mean."""

    def forward(self, images):
        return self._conv_forward(images, self.weight - self.weight.mean((2, 3), keepdim=True), None)


class Same(nn.Conv2d):
    """Pads itself."""

    def forward(self, images):
        return super().forward(nn.functional.pad(images, [1, 1, 1, 1]))


@pytest.mark.parametrize("kind", [Standardized, Same])
def test_other_convolutions_are_left_alone(kind):
    torch.manual_seed(0)
    layer = kind(2, 2, 3, stride=2, padding=int(kind is Standardized), bias=False)
    images = torch.randn(4, 2, 1, 1)
    gradients = []
    for _ in range(2):
        layer.zero_grad()
        layer(images).square().sum().backward()
        gradients.append(layer.weight.grad.clone())
        with zero_gradients(layer):
            layer(images)
    assert torch.equal(*gradients) and gradients[0].any()


def test_a_weight_that_two_calls_share_keeps_the_positions_of_both():
    layer = conv(3, 2, 1, 1)
    with zero_gradients(layer):
        layer(torch.ones(1, 2, 1, 1))
        layer(torch.ones(1, 2, 4, 4))
    layer(torch.ones(1, 2, 4, 4)).sum().backward()
    assert layer.weight.grad.all()
