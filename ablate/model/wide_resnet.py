"""Wide residual networks."""

from torch import Tensor, nn

from ablate.activation import Activation
from ablate.model.layers import conv2d
from ablate.normalization import Normalization


class WideResNet(nn.Sequential):
    """A wide residual network: three stages of pre-activation blocks (Zagoruyko & Komodakis 2016).

    Its stages have `widen_factor` times the channels of the CIFAR ResNet (16, 32, 64). `depth` is 6n + 4 for n blocks
    per stage. `dropout` is between the two convolutions of a block.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        image_size: int,
        normalization: Normalization,
        activation: Activation,
        depth: int,
        widen_factor: int,
        dropout: float,
    ) -> None:
        layers: list[nn.Module] = [conv2d(channels, 16, 3, normalization)]
        inputs = 16
        for stage in range(3):
            outputs = 16 * widen_factor * 2**stage
            for index in range((depth - 4) // 6):
                stride = 2 if stage and not index else 1
                layers.append(Block(inputs, outputs, stride, normalization, activation, dropout))
                inputs = outputs
        super().__init__(
            *layers,
            normalization.maps(inputs),
            activation(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(inputs, classes),
        )


class Block(nn.Module):
    """Two 3x3 convolutions, each preceded by normalization and activation, and a shortcut.

    If the number of channels changes, the shortcut is a 1x1 convolution of the activated input.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        normalization: Normalization,
        activation: Activation,
        dropout: float,
    ) -> None:
        super().__init__()
        self.before = nn.Sequential(normalization.maps(inputs), activation())
        self.residual = nn.Sequential(
            conv2d(inputs, outputs, 3, normalization, stride),
            normalization.maps(outputs),
            activation(),
            nn.Dropout(dropout),
            conv2d(outputs, outputs, 3, normalization),
        )
        self.shortcut = conv2d(inputs, outputs, 1, normalization, stride) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride), rounded up."""
        active = self.before(x)
        return self.residual(active) + (x if self.shortcut is None else self.shortcut(active))
