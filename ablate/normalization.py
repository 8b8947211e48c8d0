"""Normalization layers, between a convolution or linear layer and its activation.

Each option returns a `Normalization`, from which a model creates its layers.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from ablate.backend.convolution import Conv2d
from ablate.terminal.errors import InputError


class Normalization:
    """Factories of normalization layers and convolutions.

    Args:
        maps: `maps(C)` returns a layer for feature maps (N, C, H, W).
        vectors: `vectors(C)` returns a layer for feature vectors (N, C).
        conv: the convolution class, with the constructor of `nn.Conv2d`.
    """

    # Not a dataclass, which Hydra would convert to a configuration.
    def __init__(
        self,
        maps: Callable[[int], nn.Module],
        vectors: Callable[[int], nn.Module],
        conv: type[nn.Conv2d] = Conv2d,
    ) -> None:
        self.maps, self.vectors, self.conv = maps, vectors, conv

    def tokens(self, channels: int) -> nn.Module:
        """Return a layer for tokens (..., C), which normalizes each token as a vector."""
        return Tokens(self.vectors(channels))

    @property
    def native(self) -> bool:
        """True if a model keeps its layers."""
        return self.maps is _no_native_layer

    @property
    def shifts(self) -> bool:
        """True if the layers add a bias per channel, so that a convolution before one needs no bias."""
        return self.maps is not nn.Identity


def none() -> Normalization:
    """No normalization."""
    return Normalization(nn.Identity, nn.Identity)


def native() -> Normalization:
    """Keep the normalization layers of a model of timm or torchvision."""
    return Normalization(_no_native_layer, _no_native_layer)


def batch(momentum: float = 0.1) -> Normalization:
    """Batch normalization: per channel over the batch (Ioffe & Szegedy 2015).

    Args:
        momentum: weight of a batch in the running statistics, as in PyTorch. The default is the value of runs recorded
            before this option existed.
    """
    return Normalization(partial(nn.BatchNorm2d, momentum=momentum), partial(nn.BatchNorm1d, momentum=momentum))


def layer() -> Normalization:
    """Layer normalization: per image over channels and pixels, per vector over its features (Ba et al. 2016)."""
    return Normalization(partial(nn.GroupNorm, 1), nn.LayerNorm)


def group(groups: int) -> Normalization:
    """Group normalization; `groups` is reduced to the largest divisor of the channels (Wu & He 2018).

    For vectors, it is the largest divisor that leaves two values per group: a group of one value has no variance.
    """
    return Normalization(partial(_group_norm, groups), partial(_group_norm_of_vectors, groups))


def instance() -> Normalization:
    """Instance normalization: per image and channel over pixels; only for feature maps (Ulyanov et al. 2016)."""
    return Normalization(InstanceNorm, _no_instance_norm)


def weight_standardization(groups: int) -> Normalization:
    """Convolutions with standardized filters, then group normalization (Qiao et al. 2019)."""
    maps, vectors = partial(_group_norm, groups), partial(_group_norm_of_vectors, groups)
    return Normalization(maps, vectors, StandardizedConv2d)


def _no_native_layer(channels: int) -> nn.Module:
    """Raise InputError: a model asks for a layer, so it has none of its own."""
    raise InputError("normalization=native keeps the layers of a model of timm or torchvision. Choose a normalization.")


def _group_norm(groups: int, channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(next(n for n in range(groups, 0, -1) if channels % n == 0), channels)


def _group_norm_of_vectors(groups: int, channels: int) -> nn.GroupNorm:
    if channels < 2:
        raise InputError(
            "normalization=group and weight_standardization need vectors of at least two values, but this model also"
            " normalizes vectors of one. Use a wider model, or normalization=batch or none."
        )
    return _group_norm(min(groups, channels // 2), channels)


def _no_instance_norm(channels: int) -> nn.Module:
    raise InputError(
        "normalization=instance needs feature maps, but this model also normalizes vectors, which have no height and "
        "width. Use normalization=batch, layer, group, weight_standardization or none, or a convolutional model."
    )


class Tokens(nn.Module):
    """Applies a layer for vectors (M, C) to tokens (..., C)."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., C)."""
        return self.norm(x.flatten(0, -2)).view_as(x)


class InstanceNorm(nn.GroupNorm):
    """Instance normalization with a scale and a shift per channel, as in the other normalization layers."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W). Raises InputError for 1x1 maps, whose output would be constant."""
        if x.shape[2:].numel() == 1:
            raise InputError(
                "normalization=instance needs feature maps of more than one pixel, but this model has 1x1 maps at this "
                "image size. Use another normalization, larger images or another model."
            )
        return super().forward(x)


class StandardizedConv2d(Conv2d):
    """A convolution whose filters are standardized to mean 0 and variance 1 (Qiao et al. 2019).

    The paper adds 1e-5 to the standard deviation. Here its square is added to the variance, so that the gradient of a
    constant filter is finite.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K, H', W')."""
        variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3), correction=0, keepdim=True)
        filters = (self.weight - mean) * torch.rsqrt(variance + 1e-10)
        return self._conv_forward(x, filters, self.bias)
