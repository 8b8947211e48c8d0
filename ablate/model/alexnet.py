"""AlexNet for small images."""

import math

from torch import nn

from ablate.activation import Activation
from ablate.model.layers import convolution, he
from ablate.normalization import Normalization


class AlexNet(nn.Sequential):
    """Five convolutions, overlapping max-pools and three fully connected layers (Krizhevsky et al. 2012).

    Adapted to 32x32 images: the widths are those of the one-column version (Krizhevsky 2014), the first convolution is
    5x5 with stride 1, and the hidden layers have 1024 units. `normalization` replaces local response normalization.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        image_size: int,
        normalization: Normalization,
        activation: Activation,
        dropout: float,
    ) -> None:
        def conv(inputs: int, outputs: int, kernel_size: int) -> list[nn.Module]:
            return [convolution(inputs, outputs, kernel_size, he(normalization)), activation()]

        side = min(4, math.ceil(image_size / 8))  # three pools, each halving and rounding up; 4 for 32x32
        super().__init__(
            *conv(channels, 64, 5),
            nn.MaxPool2d(3, 2, padding=1),
            *conv(64, 192, 5),
            nn.MaxPool2d(3, 2, padding=1),
            *conv(192, 384, 3),
            *conv(384, 256, 3),
            *conv(256, 256, 3),
            nn.MaxPool2d(3, 2, padding=1),
            nn.AdaptiveAvgPool2d(side),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(256 * side**2, 1024),
            activation(),
            nn.Dropout(dropout),
            nn.Linear(1024, 1024),
            activation(),
            nn.Linear(1024, classes),
        )
