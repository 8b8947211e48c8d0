"""Test-time augmentation: average the logits over several views of an image (Krizhevsky et al. 2012, section 4.1).

Each option is a generator of views (B, C, H, W) of the model's input (B, C, H, W). The first view is the input itself.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # so that --help does not import PyTorch
    from torch import Tensor

Model = Callable[["Tensor"], "Tensor"]
Views = Callable[["Tensor"], Iterator["Tensor"]]


def logits(model: Model, inputs: "Tensor", views: Views) -> "Tensor":
    """Average the logits over the views: inputs (B, C, H, W) -> float32 (B, classes)."""
    import torch

    return torch.stack([model(view).float() for view in views(inputs)]).mean(0)


def none(images: "Tensor") -> "Iterator[Tensor]":
    """The images, without other views."""
    yield images


def flip(images: "Tensor") -> "Iterator[Tensor]":
    """The images, and horizontally flipped copies: 2 views."""
    yield images
    yield images.flip(3)


def shift(images: "Tensor") -> "Iterator[Tensor]":
    """The images, and copies shifted up, down, left and right by 1/16 of their size, with edge padding: 5 views."""
    import torch.nn.functional as F

    size = images.shape[2]
    offset = max(1, size // 16)
    padded = F.pad(images, (offset,) * 4, mode="replicate")
    for row, column in ((1, 1), (2, 1), (0, 1), (1, 2), (1, 0)):
        top, left = row * offset, column * offset
        yield padded[:, :, top : top + size, left : left + size]


def flip_shift(images: "Tensor") -> "Iterator[Tensor]":
    """The views of `shift`, and horizontally flipped copies of them: 10 views."""
    for shifted in shift(images):
        yield from flip(shifted)


OPTIONS: dict[str, Views] = {option.__name__: option for option in (none, flip, shift, flip_shift)}
