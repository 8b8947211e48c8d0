"""The split of a source's training images into training and validation."""

import hashlib
import logging
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor

from ablate.data.group_split import grouped
from ablate.data.images import Images, SplitKind
from ablate.data.rare_classes import in_both, in_subset
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural

log = logging.getLogger(__name__)


def split(
    images: Images, val_fraction: float, split_seed: int, train_limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Split images into training and validation: as the source fixes it, else stratified by class, groups whole.

    Args:
        images: the images to split.
        val_fraction: share of the images for validation, unless they have a fixed validation set.
        split_seed: the validation images depend only on this, on `val_fraction`, the labels and the groups.
        train_limit: number of training images to keep, again stratified; None keeps all.

    Returns:
        Indices of the training images and of the validation images, each int64 and sorted.

    Raises:
        InputError: a class has no image, a part would be smaller than the number of classes, or `train_limit` is out
            of range.
    """
    labels = images.labels.numpy()
    train, val = _SPLITS[images.split_kind](images, labels, val_fraction, split_seed)
    if unseen := only_trained_on(labels[val], images.classes):
        log.warning("%s", unseen)
    if train_limit is not None:
        if not len(images.classes) <= train_limit <= len(train):
            raise InputError(
                f"data.train_limit={train_limit} must lie between the number of classes, {len(images.classes)}, and"
                f" the number of training images, {len(train)}."
            )
        if train_limit < len(train):
            kept = stratified(labels[train], len(train) - train_limit, split_seed)[0]
            train = train[in_subset(labels[train], kept, split_seed)]
    return train, val


def _fixed(images: Images, labels: np.ndarray, *drawn: float) -> tuple[np.ndarray, np.ndarray]:
    """The validation set of the source."""
    assert images.validation is not None
    _check_classes(images.classes)
    if images.validation.all():
        raise InputError("All images of the data set are for validation, and none for training.")
    train, val = np.flatnonzero(~images.validation), np.flatnonzero(images.validation)
    _check_all_in(labels[train], images.classes, "training", "Add images of this class to it.")
    log.info("Validation images: %s, as the data set has them. data.val_fraction is not used.", f"{len(val):,}")
    return train, val


def _grouped(images: Images, labels: np.ndarray, val_fraction: float, split_seed: int) -> tuple[np.ndarray, np.ndarray]:
    assert images.groups is not None
    _check_counts(labels, images.classes, val_fraction)
    train, val = grouped(labels, images.groups, images.classes, val_fraction, split_seed)
    share, in_val, groups = len(val) / len(labels), len(np.unique(images.groups[val])), len(np.unique(images.groups))
    log.info("Validation images: %.1f %%, those of %s of %s groups.", 100 * share, f"{in_val:,}", f"{groups:,}")
    return train, val


def _stratified(
    images: Images, labels: np.ndarray, val_fraction: float, split_seed: int
) -> tuple[np.ndarray, np.ndarray]:
    _check_counts(labels, images.classes, val_fraction)
    _, val = stratified(labels, math.ceil(val_fraction * len(labels)), split_seed)
    return in_both(labels, val, split_seed)


def only_trained_on(val_labels: np.ndarray, classes: tuple[str, ...]) -> str:
    """A sentence on the classes without a validation image; empty if there are none."""
    names = [classes[label] for label, count in enumerate(_counts(val_labels, classes)) if not count]
    if not names:
        return ""
    return f"No validation image of {first_few(names)}: such a class is only trained on, and not evaluated."


_SPLITS: dict[SplitKind, Any] = {"stratified": _stratified, "grouped": _grouped, "fixed": _fixed}


def shared(train: Images, val: Images) -> int:
    """Count the validation images with the pixels of a training image; 0 for images that are not in memory."""
    if not (isinstance(train.images, Tensor) and isinstance(val.images, Tensor)):
        return 0
    digests = {hashlib.blake2b(pixels).digest() for pixels in np.ascontiguousarray(train.images.numpy())}
    return sum(hashlib.blake2b(pixels).digest() in digests for pixels in np.ascontiguousarray(val.images.numpy()))


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
    """Raise InputError if a class has no image, or a part would be smaller than the number of classes."""
    _check_classes(classes)
    _check_all_in(labels, classes, "training", "Add images or remove the class.")
    in_val = math.ceil(val_fraction * len(labels))
    for count, part, change in ((in_val, "validation", "Raise"), (len(labels) - in_val, "training", "Lower")):
        if count < len(classes):
            raise InputError(
                f"data.val_fraction={val_fraction} of {plural(len(labels), 'image')} leaves {count} for {part}, fewer"
                f" than the {len(classes)} classes. {change} it or add images."
            )


def _check_classes(classes: tuple[str, ...]) -> None:
    if len(classes) < 2:
        raise InputError(
            f"The data has only {plural(len(classes), 'class', 'classes')} ({', '.join(classes)}), but 2 are needed."
        )


def _check_all_in(labels: np.ndarray, classes: tuple[str, ...], part: str, remedy: str) -> None:
    missing = [classes[label] for label, count in enumerate(_counts(labels, classes)) if not count]
    if missing:
        raise InputError(f"The {part} part has no image of {first_few(missing)}. {remedy}")


def _counts(labels: np.ndarray, classes: tuple[str, ...]) -> Iterable[int]:
    return np.bincount(labels, minlength=len(classes))
