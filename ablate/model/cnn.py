"""The convolutional network of the assignment."""

import math

from torch import nn

from ablate.activation import Activation
from ablate.normalization import Normalization


class CNN(nn.Sequential):
    """Five 5x5 convolutions, each with normalization and activation, then three fully connected layers."""

    def __init__(
        self, classes: int, channels: int, image_size: int, normalization: Normalization, activation: Activation
    ) -> None:
        def conv(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
            return [normalization.conv(inputs, outputs, 5, stride, padding=2), normalization.maps(outputs)]

        side = math.ceil(image_size / 8)  # two strides and a pool, each halving and rounding up
        super().__init__(
            *conv(channels, 8),
            activation(),
            *conv(8, 16, stride=2),
            activation(),
            *conv(16, 32),
            activation(),
            *conv(32, 64, stride=2),
            activation(),
            *conv(64, 128),
            nn.MaxPool2d(2, ceil_mode=True),
            activation(),
            nn.Flatten(),
            nn.Linear(128 * side**2, 120),
            activation(),
            nn.Linear(120, 84),
            activation(),
            nn.Linear(84, classes),
        )
