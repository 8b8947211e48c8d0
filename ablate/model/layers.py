"""Layers shared by several models: a convolution, alone or with its normalization, and He initialization."""

from typing import Any

from torch import nn

from ablate.normalization import Normalization


def conv2d(inputs: int, outputs: int, kernel_size: int, normalization: Normalization, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps height and width, or divides them by `stride`, rounding up.

    It has a bias only if the normalization after it adds none.
    """
    padding = kernel_size // 2
    return normalization.conv(inputs, outputs, kernel_size, stride, padding, bias=not normalization.shifts)


def convolution(
    inputs: int, outputs: int, kernel_size: int, normalization: Normalization, stride: int = 1
) -> nn.Sequential:
    """`conv2d`, followed by its normalization."""
    return nn.Sequential(conv2d(inputs, outputs, kernel_size, normalization, stride), normalization.maps(outputs))


def he(normalization: Normalization) -> Normalization:
    """Return the same normalization with He initialization of its convolutions (He et al. 2015).

    For deep networks without shortcuts. With PyTorch's default, each layer divides the variance of the signal by about
    6.
    """

    kind: Any = normalization.conv

    class He(kind):
        def reset_parameters(self) -> None:
            nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
            if self.bias is not None:
                nn.init.zeros_(self.bias)

    return Normalization(normalization.maps, normalization.vectors, He)
