"""VGG for small images."""

from torch import nn

from ablate.activation import Activation
from ablate.model.layers import convolution, he
from ablate.normalization import Normalization

WIDTHS = (64, 128, 256, 512, 512)
# Convolutions per stage, by depth: columns A, B, D and E of the paper.
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


class VGG(nn.Sequential):
    """Five stages of 3x3 convolutions with max-pools, then fully connected layers (Simonyan & Zisserman 2015).

    A 32x32 image is one pixel after the last stage. The hidden layers therefore have 512 units instead of 4096.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        image_size: int,
        normalization: Normalization,
        activation: Activation,
        depth: int,
        dropout: float,
    ) -> None:
        layers: list[nn.Module] = []
        for width, convolutions in zip(WIDTHS, CONVOLUTIONS[depth], strict=True):
            for _ in range(convolutions):
                layers += [convolution(channels, width, 3, he(normalization)), activation()]
                channels = width
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        super().__init__(
            *layers,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(512, 512),
            activation(),
            nn.Dropout(dropout),
            nn.Linear(512, 512),
            activation(),
            nn.Dropout(dropout),
            nn.Linear(512, classes),
        )
