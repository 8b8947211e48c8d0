"""Residual networks for small images."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from ablate.activation import Activation
from ablate.model.layers import convolution
from ablate.normalization import Normalization


def resnet(depth: int, **common: Any) -> "ResNet":
    """A residual network with `depth` layers with weights (He et al. 2016).

    Depths 18 and 34 are the ImageNet architecture of the paper: four stages from 64 channels, with 1x1 convolutions
    where a shortcut changes shape. The stem is a 3x3 convolution instead of a 7x7 one with a pool. Other depths,
    6n + 2, are the CIFAR architecture (section 4.2): three stages of n blocks from 16 channels, with shortcuts without
    parameters.
    """
    if depth in (18, 34):
        blocks = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}[depth]
        return ResNet(width=64, blocks=blocks, project=True, **common)
    return ResNet(width=16, blocks=((depth - 2) // 6,) * 3, project=False, **common)


class ResNet(nn.Sequential):
    """A 3x3 stem, stages of residual blocks, global average pooling, classifier.

    Each stage halves height and width and doubles the channels.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        image_size: int,
        normalization: Normalization,
        activation: Activation,
        width: int,
        blocks: tuple[int, ...],
        project: bool,
    ) -> None:
        layers: list[nn.Module] = [convolution(channels, width, 3, normalization), activation()]
        inputs = width
        for stage, count in enumerate(blocks):
            outputs = width * 2**stage
            for index in range(count):
                stride = 2 if stage and not index else 1
                layers.append(Block(inputs, outputs, stride, project, normalization, activation))
                inputs = outputs
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut; the last activation follows their sum."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        project: bool,
        normalization: Normalization,
        activation: Activation,
    ) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            convolution(inputs, outputs, 3, normalization, stride),
            activation(),
            convolution(outputs, outputs, 3, normalization),
        )
        if inputs == outputs:
            self.shortcut: nn.Module = nn.Identity()
        elif project:
            self.shortcut = convolution(inputs, outputs, 1, normalization, stride)
        else:
            self.shortcut = PadShortcut(outputs - inputs, stride)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride), rounded up."""
        return self.activation(self.residual(x) + self.shortcut(x))


class PadShortcut(nn.Module):
    """Subsample by `stride` and append `extra` channels of zeros (option A of the paper)."""

    def __init__(self, extra: int, stride: int) -> None:
        super().__init__()
        self.extra, self.stride = extra, stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C + extra, H / stride, W / stride), rounded up."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))
