"""A small network for the shortest training: whitened patches, then stages of convolutions that are pooled early."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.activation import Activation
from ablate.model.layers import conv2d
from ablate.normalization import Normalization


class Whitening(nn.Conv2d):
    """Frozen filters under which neighbouring pixels are no longer correlated, each also negated (Page 2019).

    `fit` sets them from training images; until then they start as any convolution's. Nothing before the next filters is
    trained, so it costs a forward pass alone.
    """

    def __init__(self, channels: int, directions: int, patch_size: int, stride: int) -> None:
        super().__init__(channels, 2 * directions, patch_size, stride, padding=(patch_size - 1) // 2, bias=False)
        self.requires_grad_(False)

    @torch.no_grad()
    def fit(self, images: Tensor, eps: float = 5e-4) -> None:
        """The eigenvectors of the covariance of all patches of (N, C, H, W), largest first, over their deviations.

        `eps` keeps the directions with the least variance from being all noise.
        """
        size = self.kernel_size[0]
        patches = F.unfold(images.float(), size, stride=size).transpose(1, 2).flatten(0, 1)  # (N L, C size^2)
        patches = patches.double() - patches.double().mean(0)
        variances, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))  # ascending
        filters = (vectors / (variances + eps).sqrt()).T.flip(0)[: self.out_channels // 2]
        self.weight.copy_(torch.cat([filters, -filters]).view_as(self.weight))


class SpeedNet(nn.Sequential):
    """Whitened patches, then for each width a pooled convolution and `depth - 1` more (after Jordan 2024).

    K. Jordan, "94 % on CIFAR-10 in 3.29 seconds on a single GPU" (arXiv:2404.00498), made smaller for a CPU: the
    whitening layer has a stride of 2, which quarters the cost of all that follows. `identity` starts convolutions so
    that they pass on their input; `logit_scale` multiplies the logits; with `ceil_mode` a pool keeps the last row and
    column of a map of odd size, which Jordan's drop.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        image_size: int,
        normalization: Normalization,
        activation: Activation,
        widths: list[int],
        depth: int,
        patch_size: int,
        directions: int,
        stride: int,
        whitening: bool,
        identity: bool,
        logit_scale: float,
        ceil_mode: bool = True,  # as in records from before there was the option
    ) -> None:
        first: Any = Whitening(channels, min(directions, channels * patch_size**2), patch_size, stride)
        if not whitening:
            first = nn.Conv2d(channels, first.out_channels, patch_size, stride, first.padding, bias=False)

        def conv(inputs: int, outputs: int) -> nn.Conv2d:
            made = conv2d(inputs, outputs, 3, normalization)
            if identity:
                nn.init.dirac_(made.weight[: min(inputs, outputs)])
            return made

        layers: list[nn.Module] = [first, activation()]
        inputs = first.out_channels
        size = (image_size + 2 * first.padding[0] - patch_size) // stride + 1
        for width in widths:
            pool = nn.MaxPool2d(2, ceil_mode=ceil_mode or size == 1)  # a map of one pixel has nothing to pool
            size = math.ceil(size / 2) if pool.ceil_mode else size // 2
            layers += [conv(inputs, width), pool, normalization.maps(width), activation()]
            for _ in range(depth - 1):
                layers += [conv(width, width), normalization.maps(width), activation()]
            inputs = width
        super().__init__(
            *layers,
            nn.MaxPool2d(size),  # all that is left; the adaptive pool is not deterministic on CUDA
            nn.Flatten(),
            nn.Linear(inputs, classes, bias=False),
            Scale(logit_scale),
        )


class Scale(nn.Module):
    """Multiplies by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return x * self.factor
