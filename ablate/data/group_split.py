"""A stratified split of images that keeps each group, such as the images of a patient, in one part."""

import math
import warnings

import numpy as np

from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

FINEST = 20  # folds to approximate a share with; a smaller share needs more
MOST_FOLDS = 100


def grouped(
    labels: np.ndarray, groups: np.ndarray, classes: tuple[str, ...], fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw about `fraction` of the images by group, each class in proportion as far as the groups allow.

    The images are split into folds by scikit-learn's `StratifiedGroupKFold`. The second part is a random set of them
    with each class in both parts; a class with all images in one group is only trained on. The share differs from
    `fraction` by at most half of it, or by as little as possible.

    Args:
        labels: int64 (N,).
        groups: int64 (N,), the group of each image.
        classes: names of the classes.
        fraction: share of the images for the second part.
        seed: seed of the folds and of the draw.

    Returns:
        Indices of the two parts, each int64 and sorted.

    Raises:
        InputError: all images are in one group, or no set of folds has each class in both parts.
    """
    if len(np.unique(groups)) < 2:
        raise InputError("All images are in one group, so they cannot be split. Change data.group, or set it to null.")
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    shared = np.flatnonzero(np.bincount(pairs[0]) > 1)  # classes of several groups
    folds = _folds(labels, groups, fraction, seed)
    draws = [np.isin(folds, chosen) for chosen in _draws(folds, fraction, seed)]
    complete = [
        draw
        for draw in draws
        if np.isin(pairs[0], labels[~draw]).all() and np.isin(shared, labels[draw]).all() and draw.any()
    ]
    if not complete:
        raise InputError(
            "No split by group has images of each class in both parts:"
            f" {plural(len(np.unique(groups)), 'group is', 'groups are')} too few for {len(classes)} classes and"
            f" data.val_fraction={fraction}. Try another data.split_seed, raise data.val_fraction, or use"
            " data.group=null."
        )
    differences = [abs(draw.mean() - fraction) for draw in complete]
    near = [draw for draw, difference in zip(complete, differences, strict=True) if difference <= fraction / 2]
    held_out = near[0] if near else complete[int(np.argmin(differences))]
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _folds(labels: np.ndarray, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """The fold of each image, int64 (N,)."""
    from ablate.data.group_folds import GroupFolds  # imports scikit-learn, which takes a second

    possible = min(len(np.unique(groups)), np.bincount(labels).max())  # scikit-learn refuses more
    most = min(possible, MOST_FOLDS, max(FINEST, math.ceil(1 / fraction)))
    count = min(range(2, most + 1), key=lambda k: (round(abs(_held_out(k, fraction) / k - fraction), 9), k))
    folds = np.empty(len(labels), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer images than folds
        splits = GroupFolds(count, shuffle=True, random_state=seed).split(labels, labels, groups)
        for fold, (_, members) in enumerate(splits):
            folds[members] = fold
    return folds


def _held_out(folds: int, fraction: float) -> int:
    """The number of folds, out of so many, whose share is nearest to `fraction`."""
    return min(max(round(fraction * folds), 1), folds - 1)


def _draws(folds: np.ndarray, fraction: float, seed: int) -> list[np.ndarray]:
    """Sets of folds for the second part: neighbors in a random order, from each starting point."""
    order = np.random.RandomState(seed).permutation(np.unique(folds))
    return [np.roll(order, -start)[: _held_out(len(order), fraction)] for start in range(len(order))]
