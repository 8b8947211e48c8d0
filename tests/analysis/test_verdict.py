"""The rules of the verdicts, row by row."""

import math

import pytest

from ablate.analysis import verdict


@pytest.mark.parametrize(
    ("mean", "p", "p_equivalence", "expected"),
    [
        (1.0, 0.01, math.nan, "better"),
        (-1.0, 0.01, math.nan, "worse"),
        (1.0, 0.01, 0.04, "better, within the margin"),
        (-1.0, 0.01, 0.04, "worse, within the margin"),
        (1.0, 0.05, 0.04, "equivalent"),
        (1.0, 0.2, 0.05, "inconclusive"),
        (1.0, 1.0, math.nan, "inconclusive"),
        (1.0, math.nan, math.nan, "not testable"),
    ],
)
def test_two_claims(mean, p, p_equivalence, expected):
    assert verdict.difference(mean, p, p_equivalence, 0.05) == expected


@pytest.mark.parametrize(
    ("rate", "base", "p", "expected"),
    [(1, 0, 0.01, "diverges"), (0, 1, 0.01, "converges"), (1, 0, 0.05, ""), (math.nan, 0, 1.0, "")],
)
def test_rates_of_divergence(rate, base, p, expected):
    assert verdict.divergence(rate, base, p, 0.05) == expected


@pytest.mark.parametrize(
    ("converged", "at_chance", "diverging", "any_diverged", "expected"),
    [
        ("better", "better", "", False, ("better", "")),
        ("better", "better", "", True, ("better", "")),
        ("better", "inconclusive", "", True, ("inconclusive", "disagree")),
        ("inconclusive", "worse", "", True, ("inconclusive", "disagree")),
        ("better", "worse", "", False, ("better", "")),  # of other variants' divergence
        ("better", None, "", True, ("inconclusive", "chance unknown")),
        ("inconclusive", None, "", True, ("inconclusive", "")),
        ("not testable", None, "", True, ("not testable", "")),
        ("not testable", "inconclusive", "", True, ("not testable", "")),
        ("not testable", "worse", "", True, ("inconclusive", "disagree")),
        ("not testable", "worse", "diverges", True, ("diverges", "")),
        ("better", "better", "converges", True, ("converges", "")),
    ],
)
def test_diverged_runs(converged, at_chance, diverging, any_diverged, expected):
    assert verdict.combined(converged, at_chance, diverging, any_diverged) == expected


def test_every_verdict_has_its_own_marker():
    from ablate.analysis.figures.forest import MARKERS

    assert set(MARKERS) == set(verdict.ALL)
    assert len({(marker, filled) for marker, _, filled in MARKERS.values()}) == len(MARKERS)
