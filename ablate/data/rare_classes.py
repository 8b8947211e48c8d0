"""Classes with so few images that a stratified part has none of them: at least one image of each class in each part."""

import numpy as np


def in_both(labels: np.ndarray, val: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Move single images so that each class has one in training and, if it has two or more, one in validation.

    Args:
        labels: of all images, int64 (N,).
        val: indices of the validation images; all others are training images.
        seed: of the choice among the images of a class.

    Returns:
        Indices of the training images and of the validation images, each int64 and sorted.
    """
    rng = np.random.RandomState(seed)
    in_val = np.zeros(len(labels), bool)
    in_val[val] = True
    total = np.bincount(labels)
    held_out = np.bincount(labels[in_val], minlength=len(total))
    for label in np.flatnonzero((total > 1) & (held_out == 0)):
        in_val[rng.choice(np.flatnonzero(labels == label))] = True
    for label in np.flatnonzero((total > 0) & (held_out == total)):
        in_val[rng.choice(np.flatnonzero(labels == label))] = False
    return np.flatnonzero(~in_val), np.flatnonzero(in_val)


def in_subset(labels: np.ndarray, subset: np.ndarray, seed: int) -> np.ndarray:
    """Exchange single images so that each class has one in a subset of the same size.

    The image that leaves is of the class with the most images in the subset.

    Args:
        labels: of all images, int64 (N,).
        subset: indices of at least as many images as there are classes.
        seed: of the choice among the images of a class.

    Returns:
        Indices of the images in the subset, int64 and sorted.
    """
    rng = np.random.RandomState(seed)
    chosen = np.zeros(len(labels), bool)
    chosen[subset] = True
    for label in np.setdiff1d(labels, labels[chosen]):
        frequent = np.bincount(labels[chosen]).argmax()
        chosen[rng.choice(np.flatnonzero(chosen & (labels == frequent)))] = False
        chosen[rng.choice(np.flatnonzero(labels == label))] = True
    return np.flatnonzero(chosen)
