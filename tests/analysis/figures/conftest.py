"""A study of which runs were lost, and the lines of its figures."""

import pytest

from ablate.analysis import collect

FACTORS = {"model": ["a", "b", "c"], "weight_decay": ["0.1", "0"]}


@pytest.fixture
def study(make_study):
    results = {
        "baseline": {seed: 0.5 + 0.01 * seed for seed in range(5)},
        "model=b": {0: 0.6, 1: 0.7, 2: "diverged", 3: "failed"},
        "model=c": {0: 0.4},
        "weight_decay=0": {0: None},
    }
    return make_study(results, FACTORS)


@pytest.fixture
def runs(study):
    return collect.collect(study)


def lines(axis, label):
    return [line for line in axis.lines if line.get_label() == label]
