import math

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from ablate.data.images import Images
from ablate.data.split import split, stratified
from ablate.terminal.errors import InputError


def _images(*counts: int) -> Images:
    """Images of one pixel in random order, with these counts per class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = torch.from_numpy(np.random.default_rng(0).permutation(labels))
    classes = tuple(f"class {index}" for index in range(len(counts)))
    return Images(torch.zeros(len(labels), 1, 1, 1, dtype=torch.uint8), labels, classes)


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_each_image_is_in_one_part_and_classes_in_proportion(fraction: float, seed: int) -> None:
    images = _images(100, 200, 700)
    train, val = split(images, fraction, seed, None)
    assert sorted([*train, *val]) == list(range(1000))
    assert (np.diff(train) > 0).all() and (np.diff(val) > 0).all()
    assert train.dtype == val.dtype == np.int64
    share = fraction * np.array([100, 200, 700])
    assert np.abs(np.bincount(images.labels[val]) - share).max() < 1


@given(
    counts=st.lists(st.integers(2, 40), min_size=2, max_size=12),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32 - 1),
)
@example(counts=[2, 2, 2, 2, 2], fraction=0.5, seed=0)  # all remainders are tied
def test_the_split_is_that_of_scikit_learn(counts: list[int], fraction: float, seed: int) -> None:
    labels = _images(*counts).labels.numpy()
    held_out = math.ceil(fraction * len(labels))
    assume(len(counts) <= held_out <= len(labels) - len(counts))
    expected = train_test_split(np.arange(len(labels)), test_size=fraction, random_state=seed, stratify=labels)
    for ours, theirs in zip(stratified(labels, held_out, seed), expected, strict=True):
        assert ours.tolist() == sorted(theirs)


def test_the_split_depends_on_the_seed() -> None:
    images = _images(50, 50)
    first, again, other = (split(images, 0.2, seed, None)[1].tolist() for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("limit", [3, 10, 100, 795, 799, 800])
def test_a_limit_is_stratified_and_does_not_change_validation(limit: int) -> None:
    images = _images(250, 250, 500)
    everything, val = split(images, 0.2, 0, None)
    train, same_val = split(images, 0.2, 0, limit)
    assert same_val.tolist() == val.tolist()
    assert len(train) == limit == len(set(train.tolist()))
    assert set(train.tolist()) <= set(everything.tolist())
    assert np.abs(np.bincount(images.labels[train]) - limit * np.array([0.25, 0.25, 0.5])).max() <= 1


@pytest.mark.parametrize(
    ("counts", "fraction", "limit", "message"),
    [
        ((10,), 0.2, None, r"only 1 class \(class 0\), but 2 are needed"),
        ((10, 0, 10), 0.2, None, "no image of class 1. Add images or remove the class."),
        ((10, 10, 10), 0.05, None, r"val_fraction=0.05 of 30 images leaves 2 for validation.*Raise"),
        ((10, 10, 10), 0.95, None, r"val_fraction=0.95 of 30 images leaves 1 for training.*Lower"),
        (
            (10, 10),
            0.2,
            17,
            "train_limit=17 must lie between the number of classes, 2, and the number of training images, 16",
        ),
        ((10, 10), 0.2, 1, "train_limit=1 must"),
    ],
)
def test_a_part_without_a_class_is_refused(
    counts: tuple[int, ...], fraction: float, limit: int | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        split(_images(*counts), fraction, 0, limit)


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("counts", [(100, 2), (100, 2, 2, 2, 2), (300, 30, 3, 2, 1), (2, 50, 1, 1)], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_each_class_is_in_training_and_each_of_two_images_in_validation(counts, fraction: float, seed: int) -> None:
    images = _images(*counts)
    train, val = split(images, fraction, seed, None)
    assert sorted([*train, *val]) == list(range(sum(counts)))
    in_train, in_val = (np.bincount(images.labels[part], minlength=len(counts)) for part in (train, val))
    assert in_train.min() >= 1
    assert [count > 0 for count in in_val] == [count > 1 for count in counts]
    assert abs(len(val) - fraction * sum(counts)) <= len(counts)


def test_a_class_of_one_image_is_reported(caplog) -> None:
    split(_images(40, 1, 20, 1), 0.2, 0, None)
    assert caplog.messages == [
        "No validation image of class 1, class 3: such a class is only trained on, and not evaluated."
    ]


@pytest.mark.parametrize("limit", [5, 6, 20, 150])
def test_a_limit_keeps_each_class(limit: int) -> None:
    images = _images(150, 40, 3, 2, 1)
    train, _ = split(images, 0.2, 0, limit)
    counts = np.bincount(images.labels[train], minlength=5)
    assert counts.sum() == limit and counts.min() >= 1
    assert counts[0] >= counts[1] >= counts[2]
