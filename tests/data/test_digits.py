import hashlib

import numpy as np
from sklearn.datasets import load_digits

from ablate.data.digits import digits


def test_the_two_parts_are_scikit_learns_digits_each_once() -> None:
    source, labels = load_digits(return_X_y=True)
    parts = [digits("train"), digits("test")]
    ours = np.concatenate([part.images.numpy().reshape(-1, 64) for part in parts])
    known = np.column_stack([np.concatenate([part.labels.numpy() for part in parts]), ours])
    # Sixteenths of white: 0, 8 and 16 become 0, 128 (127.5 rounded to even) and 255.
    expected = np.column_stack([labels, np.round(source / 16 * 255)])
    assert sorted(map(tuple, known)) == sorted(map(tuple, expected))


def test_sizes_and_classes() -> None:
    train, test = digits("train"), digits("test")
    assert train.images.shape == (1437, 1, 8, 8)
    assert test.images.shape == (360, 1, 8, 8)
    assert train.classes == test.classes == tuple("0123456789")
    assert (int(train.images.min()), int(train.images.max())) == (0, 255)


def test_a_fifth_of_every_class_is_tested() -> None:
    counts = np.bincount(load_digits().target)
    assert np.abs(np.bincount(digits("test").labels) - counts / 5).max() < 1


def test_the_test_part_never_changes() -> None:
    # Pinned when the split was fixed: accuracies on any other part could not be compared with published ones.
    known = hashlib.sha256(digits("test").images.numpy()).hexdigest()
    assert known == "de85aee14a9506dda8a479d72743a291a765f6b10b22e6656d483ccf239ae31a"
