"""Named, independent random streams from one seed, so that no part of a run affects the numbers of another part."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def key(seed: int, *words: str | int) -> int:
    """Hash `seed` and `words` to a 63-bit integer that is the same on every machine."""
    text = "/".join(map(str, (seed, *words)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def stream(seed: int, *words: str | int) -> np.random.Generator:
    """Return the generator with the name `words`, such as `stream(seed, "order", epoch)`.

    Source: Philox, Salmon et al. (2011).
    """
    return np.random.Generator(np.random.Philox(key(seed, *words)))


@contextmanager
def scope(seed: int, *words: str | int) -> Iterator[None]:
    """Seed PyTorch's global generators with the stream `words` inside the block, and restore them after it.

    For code that takes no generator argument, such as dropout. Of several GPUs, only the current one is restored, and
    a process that has not used a GPU yet does not initialize CUDA.
    """
    gpus = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(gpus):
        # Without a GPU, torch.manual_seed stores a stack trace per call and device type, which it never drops.
        has_gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
        (torch.manual_seed if has_gpu else torch.default_generator.manual_seed)(key(seed, *words))
        yield
