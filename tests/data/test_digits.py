import hashlib

import numpy as np
from sklearn.datasets import load_digits

from ablate.data.digits import digits


def test_the_two_parts_together_are_scikit_learns_digits() -> None:
    source, labels = load_digits(return_X_y=True)
    parts = [digits("train"), digits("test")]
    ours = np.concatenate([part.images.numpy().reshape(-1, 64) for part in parts])
    actual = np.column_stack([np.concatenate([part.labels.numpy() for part in parts]), ours])
    # Sixteenths of white: 0, 8 and 16 become 0, 128 (127.5 rounded to even) and 255.
    expected = np.column_stack([labels, np.round(source / 16 * 255)])
    assert sorted(map(tuple, actual)) == sorted(map(tuple, expected))


def test_sizes_and_classes() -> None:
    train, test = digits("train"), digits("test")
    assert train.images.shape == (1437, 1, 8, 8)
    assert test.images.shape == (360, 1, 8, 8)
    assert train.classes == test.classes == tuple("0123456789")
    assert (int(train.images.min()), int(train.images.max())) == (0, 255)


def test_a_fifth_of_every_class_is_in_the_test_part() -> None:
    counts = np.bincount(load_digits().target)
    assert np.abs(np.bincount(digits("test").labels) - counts / 5).max() < 1


def test_the_test_part_never_changes() -> None:
    # A golden value: accuracies on other test images could not be compared with published ones.
    digest = hashlib.sha256(digits("test").images.numpy()).hexdigest()
    assert digest == "de85aee14a9506dda8a479d72743a291a765f6b10b22e6656d483ccf239ae31a"
