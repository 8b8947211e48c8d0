import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.data.group_split import grouped
from ablate.data.images import Images
from ablate.data.split import split
from ablate.terminal.errors import InputError

NAMES = tuple("abcdef")


@settings(max_examples=25, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=8, max_size=60),
    fraction=st.floats(0.02, 0.95),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_group_is_in_both_parts_and_each_class_is(pairs: list[tuple[int, int]], fraction: float, seed: int) -> None:
    labels, groups = np.array(pairs).T
    labels = np.unique(labels, return_inverse=True)[1]
    classes = NAMES[: labels.max() + 1]
    try:
        train, val = grouped(labels, groups, classes, fraction, seed)
    except InputError:
        return
    assert sorted([*train, *val]) == list(range(len(labels)))
    assert not set(groups[train]) & set(groups[val])
    assert set(labels[train]) == set(labels) and len(val)
    assert all(label in labels[val] for label in labels if len(set(groups[labels == label])) > 1)
    again = grouped(labels, groups, classes, fraction, seed)
    assert [part.tolist() for part in again] == [train.tolist(), val.tolist()]


@pytest.mark.parametrize("fraction", [0.1, 0.15, 0.2, 0.3, 0.5, 0.8])
def test_the_share_and_the_classes_are_near_the_fraction(fraction: float) -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(80), rng.integers(1, 30, 80))
    labels = rng.choice(3, len(groups), p=[0.6, 0.3, 0.1])
    train, val = grouped(labels, groups, NAMES[:3], fraction, 0)
    assert len(val) / len(labels) == pytest.approx(fraction, abs=0.03)
    shares = np.bincount(labels[val]) / np.bincount(labels)
    assert shares == pytest.approx(np.full(3, fraction), abs=0.08)


def test_the_split_depends_on_the_seed() -> None:
    groups, labels = np.arange(200) // 5, np.arange(200) % 2
    drawn = {tuple(grouped(labels, groups, NAMES[:2], 0.2, seed)[1].tolist()) for seed in range(5)}
    assert len(drawn) == 5


def test_a_large_group_is_not_held_out_if_others_are_nearer_to_the_fraction() -> None:
    groups = np.array([0] * 60 + [1 + index // 4 for index in range(40)])
    labels = np.arange(100) % 2
    for seed in range(10):
        _, val = grouped(labels, groups, NAMES[:2], 0.1, seed)
        assert len(val) <= 20 and 0 not in groups[val]


@pytest.mark.parametrize(
    ("labels", "groups", "message"),
    [
        ([0, 1, 0, 1], [7, 7, 7, 7], "All images are in one group"),
        ([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2], "No split by group has images of each class in both parts: 3 groups"),
        ([0, 1, 0, 2, 1, 2], [0, 0, 1, 1, 2, 2], "No split by group has images of each class in both parts: 3 groups"),
    ],
)
def test_groups_that_cannot_be_split_are_refused(labels: list[int], groups: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        grouped(np.array(labels), np.array(groups), NAMES[: max(labels) + 1], 0.4, 0)


def test_a_class_of_one_group_is_only_trained_on(caplog: pytest.LogCaptureFixture) -> None:
    labels = torch.tensor([0, 1] * 20 + [2] * 6)
    groups = np.array([index // 4 for index in range(40)] + [99] * 6)
    images = Images(torch.zeros(46, 1, 1, 1, dtype=torch.uint8), labels, NAMES[:3], groups=groups)
    for seed in range(5):
        train, val = split(images, 0.2, seed, None)
        assert set(labels[train].tolist()) == {0, 1, 2} and set(labels[val].tolist()) == {0, 1}
    assert "No validation image of c: such a class is only trained on" in caplog.text


def test_a_limit_of_training_images_does_not_change_the_validation_groups(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    labels = torch.arange(100) % 2
    images = Images(torch.zeros(100, 1, 1, 1, dtype=torch.uint8), labels, NAMES[:2], groups=np.arange(100) // 10)
    train, val = split(images, 0.2, 0, 30)
    assert len(train) == 30 and len(val) == 20
    assert not set(train // 10) & set(val // 10)
    assert val.tolist() == split(images, 0.2, 0, None)[1].tolist()
    assert "Validation images: 20.0 %, those of 2 of 10 groups." in caplog.text
