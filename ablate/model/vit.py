"""Vision transformers for small images."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ablate.activation import Activation
from ablate.normalization import Normalization
from ablate.terminal.errors import InputError


class ViT(nn.Sequential):
    """A vision transformer: patch embedding, pre-norm transformer blocks, classifier (Dosovitskiy et al. 2021).

    The classifier takes the mean of the tokens instead of a class token (Beyer et al. 2022).
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        image_size: int,
        normalization: Normalization,
        activation: Activation,
        patch_size: int,
        width: int,
        depth: int,
        heads: int,
        mlp_ratio: float,
        dropout: float,
    ) -> None:
        if image_size % patch_size:
            sizes = [size for size in range(1, image_size + 1) if image_size % size == 0]
            raise InputError(
                f"model.patch_size={patch_size} does not divide the image size, {image_size}. "
                f"Use one of {', '.join(map(str, sizes))}."
            )
        super().__init__(
            Patches(channels, image_size, patch_size, width),
            nn.Dropout(dropout),
            *(Block(width, heads, round(width * mlp_ratio), dropout, normalization, activation) for _ in range(depth)),
            normalization.tokens(width),
            MeanToken(),
            nn.Linear(width, classes),
        )


class Patches(nn.Module):
    """Linear patch embedding with learned position embeddings."""

    def __init__(self, channels: int, image_size: int, patch_size: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(channels, width, patch_size, patch_size)
        self.position = nn.Parameter(torch.empty((image_size // patch_size) ** 2, width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialize the position embeddings near 0, as in the code of the paper; `embed` has its own method."""
        nn.init.trunc_normal_(self.position, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, S, S) -> (N, T, width)."""
        return self.embed(x).flatten(2).mT + self.position


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, width) -> (N, T, width)."""
        parts = self.query_key_value(x).unflatten(-1, (3, self.heads, -1))  # (N, T, 3, heads, width / heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A transformer block: x + attention(norm(x)), then x + MLP(norm(x))."""

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        dropout: float,
        normalization: Normalization,
        activation: Activation,
    ) -> None:
        super().__init__()
        self.attention = nn.Sequential(normalization.tokens(width), Attention(width, heads), nn.Dropout(dropout))
        self.mlp = nn.Sequential(
            normalization.tokens(width),
            nn.Linear(width, hidden),
            activation(),
            nn.Dropout(dropout),
            nn.Linear(hidden, width),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, width) -> (N, T, width)."""
        x = x + self.attention(x)
        return x + self.mlp(x)


class MeanToken(nn.Module):
    """The mean of all tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, width) -> (N, width)."""
        return x.mean(dim=1)
