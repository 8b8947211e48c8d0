"""The expected best of n random trials, against a simulation and by hand."""

import numpy as np
import pytest

from ablate.analysis.stats.expected_best import expected_best


def test_two_values_by_hand():
    """Of two draws from {1, 2} the maximum is 1 with probability 1/4."""
    assert expected_best([2, 1]) == pytest.approx([1.5, 1.75])


def test_it_is_the_mean_of_simulated_maxima():
    values = np.array([0.3, 0.9, 0.5, 0.5, 0.1])
    draws = np.random.default_rng(0).choice(values, (200_000, 5))
    simulated = np.maximum.accumulate(draws, axis=1).mean(axis=0)
    assert expected_best(values) == pytest.approx(simulated, abs=0.003)


def test_one_trial_is_the_best_of_one():
    assert expected_best([0.7]).tolist() == [0.7] and expected_best([]).tolist() == []
