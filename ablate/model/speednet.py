"""A small network for the shortest training time: whitened patches, then stages of early-pooled convolutions."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.activation import Activation
from ablate.model.layers import conv2d
from ablate.normalization import Normalization


class Whitening(nn.Conv2d):
    """A frozen convolution that decorrelates the pixels of a patch (Page 2019).

    Half of its filters are the negatives of the others.

    `fit` computes the filters from training images; before that they have a convolution's default initialization. The
    layer needs no backward pass.
    """

    def __init__(self, channels: int, directions: int, patch_size: int, stride: int) -> None:
        super().__init__(channels, 2 * directions, patch_size, stride, padding=(patch_size - 1) // 2, bias=False)
        self.requires_grad_(False)

    @torch.no_grad()
    def fit(self, images: Tensor, eps: float = 5e-4) -> None:
        """Set the filters to the principal components of all patches, each divided by its standard deviation.

        Args:
            images: (N, C, H, W), scaled as in training.
            eps: added to the variances, so that directions of little variance do not amplify noise.
        """
        size = self.kernel_size[0]
        patches = F.unfold(images.float(), size, stride=size).transpose(1, 2).flatten(0, 1)  # (N L, C size^2)
        patches = patches.double() - patches.double().mean(0)
        variances, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))  # ascending
        filters = (vectors / (variances + eps).sqrt()).T.flip(0)[: self.out_channels // 2]
        self.weight.copy_(torch.cat([filters, -filters]).view_as(self.weight))


class SpeedNet(nn.Sequential):
    """Whitened patches, then one stage per width: a convolution with a pool, and `depth - 1` convolutions without.

    A smaller version, for CPUs, of K. Jordan, "94 % on CIFAR-10 in 3.29 seconds on a single GPU" (arXiv:2404.00498).
    With a stride of 2 in the whitening layer, all following layers cost a quarter.

    Args:
        classes: number of classes.
        channels: channels of an image.
        image_size: height and width of an image, in pixels.
        normalization: after each convolution of a stage.
        activation: after each normalization.
        widths: channels of each stage.
        depth: convolutions per stage.
        patch_size: side of the patches that the first layer sees, in pixels.
        directions: filters of the first layer; each is also present negated.
        stride: stride of the first layer, in pixels.
        whitening: freeze the first layer at the whitening of the training images; False trains it.
        identity: initialize convolutions as the identity.
        logit_scale: factor on the logits.
        ceil_mode: pools keep the last row and column of a map of odd size, which those of the paper drop.
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
        ceil_mode: bool = True,  # the behavior of runs recorded before this option existed
    ) -> None:
        first: Any = Whitening(channels, min(directions, channels * patch_size**2), patch_size, stride)
        if not whitening:
            first = nn.Conv2d(channels, first.out_channels, patch_size, stride, first.padding, bias=False)

        def conv(inputs: int, outputs: int) -> nn.Conv2d:
            layer = conv2d(inputs, outputs, 3, normalization)
            if identity:
                nn.init.dirac_(layer.weight[: min(inputs, outputs)])
            return layer

        layers: list[nn.Module] = [first, activation()]
        inputs = first.out_channels
        size = (image_size + 2 * first.padding[0] - patch_size) // stride + 1
        for width in widths:
            pool = nn.MaxPool2d(2, ceil_mode=ceil_mode or size == 1)  # a map of one pixel cannot be pooled
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
        """(...) -> (...)."""
        return x * self.factor
