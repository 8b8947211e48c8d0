"""The stratified split of the training images into training and validation."""

import math
from collections.abc import Iterable

import numpy as np

from ablate.data.images import Images
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few


def split(
    images: Images, val_fraction: float, split_seed: int, train_limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Split images into training and validation, stratified by class.

    Args:
        images: the images to split.
        val_fraction: share of the images for validation.
        split_seed: the validation images depend only on this, on `val_fraction` and on the labels.
        train_limit: number of training images to keep, again stratified; None keeps all.

    Returns:
        Indices of the training images and of the validation images, each int64 and sorted.

    Raises:
        InputError: a class would have no image in one of the parts, or `train_limit` is out of range.
    """
    labels = images.labels.numpy()
    _check_counts(labels, images.classes, val_fraction)
    train, val = stratified(labels, math.ceil(val_fraction * len(labels)), split_seed)
    _check_all_in(labels[val], images.classes, "validation", "Raise data.val_fraction or add images of this class.")
    _check_all_in(labels[train], images.classes, "training", "Lower data.val_fraction or add images of this class.")
    if train_limit is not None:
        if not len(images.classes) <= train_limit <= len(train):
            raise InputError(
                f"data.train_limit={train_limit} must lie between the number of classes, {len(images.classes)}, and"
                f" the number of training images, {len(train)}."
            )
        if train_limit < len(train):
            train = train[stratified(labels[train], len(train) - train_limit, split_seed)[0]]
        _check_all_in(labels[train], images.classes, "training", "Raise data.train_limit or add images of this class.")
    return train, val


def stratified(labels: np.ndarray, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw `held_out` of the images, in proportion to the size of each class.

    Returns the same indices as scikit-learn's `train_test_split(random_state=seed, stratify=labels)`, whose import
    takes over a second.

    Args:
        labels: int64 (N,).
        held_out: number of images in the second part.
        seed: seed of the draw.

    Returns:
        Indices of the two parts, each int64 and sorted.
    """
    rng = np.random.RandomState(seed)
    _, labels, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sizes_train = _shares(counts, len(labels) - held_out, rng)
    sizes_held_out = _shares(counts - sizes_train, held_out, rng)
    parts: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for label, (size_train, size_held_out) in enumerate(zip(sizes_train, sizes_held_out, strict=True)):
        shuffled = np.flatnonzero(labels == label)[rng.permutation(counts[label])]
        parts[0].append(shuffled[:size_train])
        parts[1].append(shuffled[size_train : size_train + size_held_out])
    first, second = (np.sort(np.concatenate(part)) for part in parts)
    return first, second


def _shares(counts: np.ndarray, total: int, rng: np.random.RandomState) -> np.ndarray:
    """Divide `total` in proportion to `counts`, by the largest remainder method with random tie-breaking."""
    exact = counts / counts.sum() * total
    shares = np.floor(exact).astype(np.int64)
    remainders = exact - shares
    for value in np.unique(remainders)[::-1]:
        missing = total - shares.sum()
        if not missing:
            break
        tied = np.flatnonzero(remainders == value)
        shares[rng.choice(tied, size=min(len(tied), missing), replace=False)] += 1
    return shares


def _check_counts(labels: np.ndarray, classes: tuple[str, ...], val_fraction: float) -> None:
    """Raise InputError if a class is too small to be split, or a part smaller than the number of classes."""
    if len(classes) < 2:
        raise InputError(f"The data has only {len(classes)} class ({', '.join(classes)}), but 2 are needed.")
    rare = [classes[label] for label, count in enumerate(_counts(labels, classes)) if count < 2]
    if rare:
        raise InputError(
            f"Each class needs at least 2 images, for training and validation. Too few in {first_few(rare)}."
            " Add images or remove the class."
        )
    in_val = math.ceil(val_fraction * len(labels))
    for count, part, change in ((in_val, "validation", "Raise"), (len(labels) - in_val, "training", "Lower")):
        if count < len(classes):
            raise InputError(
                f"data.val_fraction={val_fraction} of {len(labels)} images leaves {count} for {part}, fewer than the"
                f" {len(classes)} classes. {change} it or add images."
            )


def _check_all_in(labels: np.ndarray, classes: tuple[str, ...], part: str, remedy: str) -> None:
    missing = [classes[label] for label, count in enumerate(_counts(labels, classes)) if not count]
    if missing:
        raise InputError(f"The {part} part has no image of {first_few(missing)}. {remedy}")


def _counts(labels: np.ndarray, classes: tuple[str, ...]) -> Iterable[int]:
    return np.bincount(labels, minlength=len(classes))
