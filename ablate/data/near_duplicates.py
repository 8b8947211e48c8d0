"""Near-duplicates among images: the same picture, encoded again, resized, or with other brightness or contrast.

Candidates have similar perceptual hashes (the signs of low frequencies around their median; Zauner 2010), and are
compared by the correlation of their thumbnails. Except for sorting, time and memory are linear in the number of images.
Images of almost one color, such as a clear sky, have no stable hash: few of their copies are found.
"""

import math
from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.data.images import batched
from ablate.data.streamed import Pixels

SIDE, FREQUENCIES = 32, 8  # pixels of the thumbnail that is hashed, and its frequencies in each direction
DETAIL = 8  # side in pixels of the thumbnails that are compared
MOST_BITS = 12  # of 63 in which the hashes of candidates differ
NEIGHBORS = 8  # that each image is compared with, for each order of the bits
ORDERS = range(0, 64, 8)  # bits by which the hashes are rotated before they are sorted
CORRELATION = 0.98  # least correlation of near-duplicates


def near_duplicates(parts: Iterable[Pixels]) -> np.ndarray:
    """Find pairs of near-duplicates; pairs with identical pixels are among them.

    Args:
        parts: images, each uint8 (N, C, H, W), numbered one after the other.

    Returns:
        Numbers of the earlier and the later image of each pair, int64 (P, 2), sorted.
    """
    hashed = [_hashed(batch) for images in parts for batch in batched(images)]
    hashes = np.concatenate([hashes for hashes, _ in hashed])
    thumbnails = np.concatenate([thumbnails for _, thumbnails in hashed])
    pairs = _candidates(hashes)
    correlated = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), step := 2**16):
        first, second = (_standardized(thumbnails[of]) for of in pairs[start : start + step].T)
        correlated[start : start + step] = (first * second).sum(1) >= CORRELATION
    return pairs[correlated]


def _hashed(images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The perceptual hashes, uint64 (N,), and gray thumbnails, uint8 (N, DETAIL²), of images, uint8 (N, C, H, W)."""
    gray = images.float().mean(1, keepdim=True)
    small = F.interpolate(gray, (SIDE, SIDE), mode="area")[:, 0]
    waves = _cosines()
    low = (waves @ small @ waves.T).flatten(1)[:, 1:]  # without the mean
    bits = (low > low.median(1, keepdim=True).values).numpy()
    powers = np.uint64(1) << np.arange(bits.shape[1], dtype=np.uint64)
    hashes = (bits * powers).sum(1, dtype=np.uint64)
    return hashes, F.interpolate(gray, (DETAIL, DETAIL), mode="area").round().byte().flatten(1).numpy()


def _cosines() -> Tensor:
    """The lowest frequencies of the discrete cosine transform (DCT-II), float32 (FREQUENCIES, SIDE)."""
    frequency, place = torch.arange(FREQUENCIES)[:, None], torch.arange(SIDE)[None] + 0.5
    return torch.cos(math.pi / SIDE * frequency * place)


def _candidates(hashes: np.ndarray) -> np.ndarray:
    """Pairs of images whose hashes differ in few bits, int64 (P, 2): neighbors in one of some sorted orders."""
    found = [np.empty((0, 2), np.int64)]
    for turn in map(np.uint64, ORDERS):
        rotated = hashes << turn | hashes >> (np.uint64(64) - turn) if turn else hashes
        order = np.argsort(rotated, kind="stable")
        for distance in range(1, min(NEIGHBORS, len(order) - 1) + 1):
            pairs = np.stack([order[:-distance], order[distance:]], 1)
            found.append(pairs[_bits(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]) <= MOST_BITS])
    return np.unique(np.sort(np.concatenate(found), 1), axis=0)


def _bits(values: np.ndarray) -> np.ndarray:
    """Count the bits that are set, uint64 (N,)."""
    return np.unpackbits(values[:, None].view(np.uint8), axis=1).sum(1)


def _standardized(thumbnails: np.ndarray) -> np.ndarray:
    """Thumbnails of mean 0 and norm 1, so that their scalar product is a correlation; those of one color stay 0."""
    values = thumbnails.astype(np.float32)
    values -= values.mean(1, keepdims=True)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
