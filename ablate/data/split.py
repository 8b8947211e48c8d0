"""Which training images are trained on, and which are held out for validation."""

import math
from collections.abc import Iterable

import numpy as np

from ablate.data.images import Images
from ablate.errors import InputError


def split(
    images: Images, val_fraction: float, split_seed: int, train_limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training and the validation images, each int64, sorted, stratified by class and apart.

    The validation part depends on labels, `val_fraction` and `split_seed` alone: scikit-learn's `train_test_split`.
    `train_limit` then takes so many of the training part, again stratified; None takes all.

    Raises InputError if a class would have no image in one of the parts, or `train_limit` cannot be met.
    """
    from sklearn.model_selection import train_test_split
    from sklearn.utils import resample

    labels = images.labels.numpy()
    _check_counts(labels, images.classes, val_fraction)
    train, val = train_test_split(
        np.arange(len(labels)), test_size=val_fraction, random_state=split_seed, stratify=labels
    )
    _check_all_in(labels[val], images.classes, "validation", "Raise data.val_fraction or add images of it.")
    _check_all_in(labels[train], images.classes, "training", "Lower data.val_fraction or add images of it.")
    if train_limit is not None:
        if not len(images.classes) <= train_limit <= len(train):
            raise InputError(
                f"data.train_limit={train_limit} must lie between the {len(images.classes)} classes and the"
                f" {len(train)} images that are left for training."
            )
        train = resample(train, replace=False, n_samples=train_limit, stratify=labels[train], random_state=split_seed)
        _check_all_in(labels[train], images.classes, "training", "Raise data.train_limit or add images of it.")
    return np.sort(train).astype(np.int64), np.sort(val).astype(np.int64)


def _check_counts(labels: np.ndarray, classes: tuple[str, ...], val_fraction: float) -> None:
    """Raise InputError for what `train_test_split` would refuse in words of its own."""
    if len(classes) < 2:
        raise InputError(f"The data has {len(classes)} class, {', '.join(classes)}, but at least 2 are needed.")
    rare = [classes[label] for label, count in enumerate(_counts(labels, classes)) if count < 2]
    if rare:
        raise InputError(
            f"A class needs 2 images, one to train on and one for validation, but {_named(rare)} has fewer."
            " Add images of it or leave it out."
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
        raise InputError(f"The {part} part has no image of class {_named(missing)}. {remedy}")


def _counts(labels: np.ndarray, classes: tuple[str, ...]) -> Iterable[int]:
    return np.bincount(labels, minlength=len(classes))


def _named(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} others" if len(names) > 5 else "")
