"""Folds by group are those of scikit-learn, bit for bit."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from ablate.data.group_folds import GroupFolds


def folds(kind: type[StratifiedGroupKFold], count: int, labels: np.ndarray, groups: np.ndarray) -> list[list[int]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer images than folds
        splits = kind(count, shuffle=True, random_state=len(labels)).split(labels, labels, groups)
        return [members.tolist() for _, members in splits]


@pytest.mark.parametrize("classes", [2, 3, 9, 30])
@pytest.mark.parametrize("count", [2, 5, 13])
def test_the_folds_are_those_of_scikit_learn(classes, count):
    rng = np.random.default_rng(100 * classes + count)
    groups = rng.integers(0, 40, 400)
    by_group = rng.integers(0, classes, 40)[groups]  # all images of a group are of one class: many folds are equal
    for labels in (rng.integers(0, classes, 400), by_group):
        assert folds(GroupFolds, count, labels, groups) == folds(StratifiedGroupKFold, count, labels, groups)


def test_scikit_learn_calls_the_method_that_is_replaced(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("scikit-learn's own method was called")

    monkeypatch.setattr(StratifiedGroupKFold, "_find_best_fold", refuse)
    groups = np.arange(20) // 2
    first, second = folds(GroupFolds, 2, np.arange(20) % 2, groups)
    assert sorted([*first, *second]) == list(range(20))
