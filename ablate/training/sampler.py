"""Samplers: which training images an epoch uses, and in which order (`trainer.sampler`)."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

Sampler = Callable[[np.ndarray, Tensor, np.random.Generator], np.ndarray]


def shuffle(ranks: np.ndarray, labels: Tensor, rng: np.random.Generator) -> np.ndarray:
    """Use each image once, by increasing rank; see `balanced` for the arguments."""
    return ranks.argsort(kind="stable")


def balanced(ranks: np.ndarray, labels: Tensor, rng: np.random.Generator) -> np.ndarray:
    """Use each class equally often, and each image of a class equally often; counts differ by at most one.

    An epoch keeps its number of images: rare classes are repeated, and frequent ones are used in part. Which images
    and classes are used once more than others changes from epoch to epoch.

    Args:
        ranks: a random number for each of the N training images, (N,).
        labels: their labels, int64 (N,).
        rng: further random numbers of the epoch.

    Returns:
        Positions of the images in the order of their use, int64 (N,).
    """
    shuffled = ranks.argsort(kind="stable")
    ordered = labels.cpu().numpy()[shuffled]
    classes = rng.permutation(np.unique(ordered))
    sizes = [len(part) for part in np.array_split(shuffled, len(classes))]
    used = [np.resize(shuffled[ordered == label], size) for label, size in zip(classes, sizes, strict=True)]
    return rng.permutation(np.concatenate(used))


SAMPLERS: dict[str, Sampler] = {"shuffle": shuffle, "balanced": balanced}
