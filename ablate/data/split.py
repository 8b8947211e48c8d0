"""Which training images are trained on, and which are held out for validation."""

import math
from collections.abc import Iterable

import numpy as np

from ablate.data.images import Images
from ablate.terminal.errors import InputError


def split(
    images: Images, val_fraction: float, split_seed: int, train_limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training and the validation images, each int64, sorted, stratified by class and apart.

    The validation part depends on labels, `val_fraction` and `split_seed` alone.
    `train_limit` then takes so many of the training part, again stratified; None takes all.

    Raises InputError if a class would have no image in one of the parts, or `train_limit` cannot be met.
    """
    labels = images.labels.numpy()
    _check_counts(labels, images.classes, val_fraction)
    train, val = stratified(labels, math.ceil(val_fraction * len(labels)), split_seed)
    _check_all_in(labels[val], images.classes, "validation", "Raise data.val_fraction or add images of it.")
    _check_all_in(labels[train], images.classes, "training", "Lower data.val_fraction or add images of it.")
    if train_limit is not None:
        if not len(images.classes) <= train_limit <= len(train):
            raise InputError(
                f"data.train_limit={train_limit} must lie between the {len(images.classes)} classes and the"
                f" {len(train)} images that are left for training."
            )
        if train_limit < len(train):
            train = train[stratified(labels[train], len(train) - train_limit, split_seed)[0]]
        _check_all_in(labels[train], images.classes, "training", "Raise data.train_limit or add images of it.")
    return train, val


def stratified(labels: np.ndarray, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the images that stay and of `held_out` others, int64, sorted, each class in proportion.

    The very choice of scikit-learn's `train_test_split(random_state=seed, stratify=labels)`, which takes nearly two
    seconds to import.
    """
    rng = np.random.RandomState(seed)
    _, labels, counts = np.unique(labels, return_inverse=True, return_counts=True)
    staying = _shares(counts, len(labels) - held_out, rng)
    leaving = _shares(counts - staying, held_out, rng)
    parts: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for label, (stay, leave) in enumerate(zip(staying, leaving, strict=True)):
        shuffled = np.flatnonzero(labels == label)[rng.permutation(counts[label])]
        parts[0].append(shuffled[:stay])
        parts[1].append(shuffled[stay : stay + leave])
    kept, held = (np.sort(np.concatenate(part)) for part in parts)
    return kept, held


def _shares(counts: np.ndarray, total: int, rng: np.random.RandomState) -> np.ndarray:
    """How many of each class make `total`: whole parts first, then the largest remainders, ties by lot."""
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
