"""Test-time augmentation: views of an image whose logits are averaged (after Krizhevsky et al. 2012, section 4.1).

Each option yields views (B, C, H, W) of the model's input (B, C, H, W), one at a time, the first the input itself.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # --help does not wait for PyTorch
    from torch import Tensor

Model = Callable[["Tensor"], "Tensor"]
Views = Callable[["Tensor"], Iterator["Tensor"]]


def logits(model: Model, inputs: "Tensor", views: Views) -> "Tensor":
    """Logits (B, classes), float32, of the model's inputs (B, C, H, W): the mean over the views."""
    import torch

    return torch.stack([model(view).float() for view in views(inputs)]).mean(0)


def none(images: "Tensor") -> "Iterator[Tensor]":
    """The images alone."""
    yield images


def flip(images: "Tensor") -> "Iterator[Tensor]":
    """The images, and mirrored left to right: 2 views."""
    yield images
    yield images.flip(3)


def shift(images: "Tensor") -> "Iterator[Tensor]":
    """The images, and moved up, down, left and right by a sixteenth of their size, their edge repeated: 5 views."""
    import torch.nn.functional as F

    size = images.shape[2]
    by = max(1, size // 16)
    wide = F.pad(images, (by, by, by, by), mode="replicate")
    for down, right in ((by, by), (2 * by, by), (0, by), (by, 2 * by), (by, 0)):
        yield wide[:, :, down : down + size, right : right + size]


def flip_shift(images: "Tensor") -> "Iterator[Tensor]":
    """Each of the shifted images, and mirrored: 10 views."""
    for shifted in shift(images):
        yield from flip(shifted)


OPTIONS: dict[str, Views] = {option.__name__: option for option in (none, flip, shift, flip_shift)}
