"""What stands between a convolution or linear map and its activation: one `Normalization` an option.

A model asks it for layers by what they normalise (feature maps, feature vectors, tokens) and for convolutions.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ablate.terminal.errors import InputError


class Normalization:
    """Factories of layers for a number of channels.

    `maps(C)` takes (N, C, H, W), `vectors(C)` takes (N, C), and `conv` is built like `nn.Conv2d`.
    """

    # Not a dataclass: Hydra turns an argument that is one into a configuration.
    def __init__(
        self,
        maps: Callable[[int], nn.Module],
        vectors: Callable[[int], nn.Module],
        conv: type[nn.Conv2d] = nn.Conv2d,
    ) -> None:
        self.maps, self.vectors, self.conv = maps, vectors, conv

    def tokens(self, channels: int) -> nn.Module:
        """A layer for (..., C), every token of which counts as one of the vectors."""
        return Tokens(self.vectors(channels))

    @property
    def shifts(self) -> bool:
        """True if its layers add a bias for each channel, so that the convolution before one needs none."""
        return self.maps is not nn.Identity


def none() -> Normalization:
    """No normalisation."""
    return Normalization(nn.Identity, nn.Identity)


def batch(momentum: float = 0.1) -> Normalization:
    """Batch normalisation: each channel over the batch (Ioffe & Szegedy 2015); `momentum` as PyTorch has it.

    By default as in records from before there was the option.
    """
    return Normalization(partial(nn.BatchNorm2d, momentum=momentum), partial(nn.BatchNorm1d, momentum=momentum))


def layer() -> Normalization:
    """Layer normalisation: each image over channels and pixels, each vector over its features (Ba et al. 2016)."""
    return Normalization(partial(nn.GroupNorm, 1), nn.LayerNorm)


def group(groups: int) -> Normalization:
    """Group normalisation, with the largest divisor of the channels that is at most `groups` (Wu & He 2018)."""
    grouped = partial(_group_norm, groups)
    return Normalization(grouped, grouped)


def instance() -> Normalization:
    """Instance normalisation: each channel of each image over its pixels, so maps alone (Ulyanov et al. 2016)."""
    return Normalization(InstanceNorm, _no_instance_norm)


def weight_standardization(groups: int) -> Normalization:
    """Standardised filters, then group normalisation (Qiao et al. 2019)."""
    grouped = partial(_group_norm, groups)
    return Normalization(grouped, grouped, StandardizedConv2d)


def _group_norm(groups: int, channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(next(n for n in range(groups, 0, -1) if channels % n == 0), channels)


def _no_instance_norm(channels: int) -> nn.Module:
    raise InputError(
        "normalization=instance is for feature maps, and this model also normalises vectors, which have no height or "
        "width. Use normalization=batch, layer, group, weight_standardization or none, or a convolutional model."
    )


class Tokens(nn.Module):
    """Applies a layer for (M, C) to (..., C)."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., C)."""
        return self.norm(x.flatten(0, -2)).view_as(x)


class InstanceNorm(nn.GroupNorm):
    """Instance normalisation, with a scale and a shift a channel as its rivals have: only the statistics differ."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); refuses maps of a single pixel, which it would turn to a constant."""
        if x.shape[2:].numel() == 1:
            raise InputError(
                "normalization=instance needs maps of more than one pixel, and at this image size the model shrinks "
                "them to 1x1. Use another normalization, larger images or a model that shrinks them less."
            )
        return super().forward(x)


class StandardizedConv2d(nn.Conv2d):
    """A convolution whose filters have mean 0 and variance 1 (Qiao et al. 2019).

    The authors' 1e-5 beside the deviation stands here, squared, beside the variance: the gradient is then finite at 0.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K, H', W')."""
        variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3), correction=0, keepdim=True)
        filters = (self.weight - mean) * torch.rsqrt(variance + 1e-10)
        return F.conv2d(x, filters, self.bias, self.stride, self.padding, self.dilation, self.groups)
