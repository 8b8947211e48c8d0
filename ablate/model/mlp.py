"""The multilayer perceptron of the assignment."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from ablate.activation import Activation
from ablate.normalization import Normalization


class MLP(nn.Sequential):
    """Fully connected layers of `hidden` units, each with normalization and activation, then the classifier."""

    def __init__(
        self,
        classes: int,
        channels: int,
        image_size: int,
        normalization: Normalization,
        activation: Activation,
        hidden: Sequence[int],
    ) -> None:
        widths = [channels * image_size**2, *hidden]
        layers = [
            layer
            for inputs, outputs in pairwise(widths)
            for layer in (nn.Linear(inputs, outputs), normalization.vectors(outputs), activation())
        ]
        super().__init__(nn.Flatten(), *layers, nn.Linear(widths[-1], classes))
