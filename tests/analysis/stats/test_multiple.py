import math

import numpy as np
import pytest

from ablate.analysis.stats import holm, optimism


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        (
            [0.001, 0.002, 0.003, 0.004, 0.005, 0.05, 0.06, 0.07, 0.08, 0.09],
            [0.01, 0.018, 0.024, 0.028, 0.03, 0.25, 0.25, 0.25, 0.25, 0.25],
        ),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.01, math.nan, 0.04, 0.03, math.nan, 0.005], [0.03, math.nan, 0.06, 0.06, math.nan, 0.02]),
        ([math.nan], [math.nan]),
        ([], []),
        ([0.7, 0.9], [1.0, 1.0]),
    ],
)
def test_holm(p, adjusted):
    np.testing.assert_allclose(holm(p), adjusted, rtol=1e-12)


def test_holm_leaves_its_input_alone():
    p = np.array([0.01, 0.04])
    holm(p)
    assert p.tolist() == [0.01, 0.04]


@pytest.mark.parametrize(("k", "errors"), [(1, 0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi))])
def test_optimism_in_closed_form(k, errors):
    assert optimism(k) == pytest.approx(errors, abs=1e-9)


# Harter (1961), expected values of normal order statistics.
@pytest.mark.parametrize(("k", "errors"), [(4, 1.02938), (8, 1.42360), (16, 1.76599), (48, 2.23312), (100, 2.50759)])
def test_optimism_of_a_table(k, errors):
    assert optimism(k) == pytest.approx(errors, abs=2e-5)
