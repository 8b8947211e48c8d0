"""One seed -> named, independent random streams, so that no part of a run shifts the numbers another part draws."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def key(seed: int, *words: str | int) -> int:
    """A 63-bit number that depends on `seed` and every word, and is the same on every machine."""
    text = "/".join(map(str, (seed, *words)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def stream(seed: int, *words: str | int) -> np.random.Generator:
    """A generator of its own for each name, such as `stream(seed, "order", epoch)` (Philox, Salmon et al. 2011)."""
    return np.random.Generator(np.random.Philox(key(seed, *words)))


@contextmanager
def scope(seed: int, *words: str | int) -> Iterator[None]:
    """Within the block PyTorch's global generators are the named stream; after it they are as they were.

    For what takes no generator argument: layer initialisation, dropout, torchvision's transforms.
    """
    with torch.random.fork_rng():
        torch.manual_seed(key(seed, *words))
        yield
