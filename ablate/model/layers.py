"""What several models share: a convolution, alone or with its normalisation, and He's initialisation."""

from typing import Any

from torch import nn

from ablate.normalization import Normalization


def conv2d(inputs: int, outputs: int, kernel_size: int, normalization: Normalization, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps height and width (divided by `stride`, rounded up).

    It has a bias only where no normalisation adds one.
    """
    padding = kernel_size // 2
    return normalization.conv(inputs, outputs, kernel_size, stride, padding, bias=not normalization.shifts)


def convolution(
    inputs: int, outputs: int, kernel_size: int, normalization: Normalization, stride: int = 1
) -> nn.Sequential:
    """The same, then its normalisation."""
    return nn.Sequential(conv2d(inputs, outputs, kernel_size, normalization, stride), normalization.maps(outputs))


def he(normalization: Normalization) -> Normalization:
    """The same, with filters that start so that signals neither fade nor grow through ReLUs (He et al. 2015).

    For deep networks without shortcuts: under PyTorch's own start, each layer divides the signal's variance by about 6.
    """

    kind: Any = normalization.conv

    class He(kind):
        def reset_parameters(self) -> None:
            nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
            if self.bias is not None:
                nn.init.zeros_(self.bias)

    return Normalization(normalization.maps, normalization.vectors, He)
