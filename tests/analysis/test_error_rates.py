"""The error rates of the printed verdicts, in simulated studies of which the truth is known.

Runs share the seed of their study, as real ones do: SD .6 points of the seed, .6 of the run.
"""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.effects import effects

MARGIN = 1.0  # percentage points
SEEDS = 5
CLAIMS = ("better", "worse", "better, within the margin", "worse, within the margin")


def frame(variants: int) -> pd.DataFrame:
    """The runs of a study without their results."""
    names = ["baseline", *(f"model={k}" for k in range(variants))]
    rows = [(name, name[6:], seed, "completed", 0.0) for name in names for seed in range(SEEDS)]
    return pd.DataFrame(rows, columns=["variant", "model", "seed", "status", "val_accuracy"])


def rate(variants: int, difference: float, wrong: tuple[str, ...], studies: int, spread: float = 0.6) -> float:
    """The share of studies with at least one wrong verdict, all variants differing by so many points."""
    rng, runs, errors = np.random.default_rng(variants), frame(variants), 0
    for _ in range(studies):
        points = rng.normal(0, 0.6, SEEDS) + rng.normal(0, spread, (variants + 1, SEEDS))
        points[1:] += difference
        table = effects(runs.assign(val_accuracy=0.7 + points.ravel() / 100), margin=MARGIN)
        errors += table["verdict"].isin(wrong).any()
    return errors / studies


@pytest.mark.parametrize(("variants", "studies"), [(1, 700), (7, 500), (20, 300)])
def test_better_or_worse_is_false_at_most_five_times_in_a_hundred(variants, studies):
    assert rate(variants, 0.0, CLAIMS, studies) <= 0.055


WITHIN = ("equivalent", "better, within the margin", "worse, within the margin")


@pytest.mark.parametrize(("variants", "studies"), [(1, 700), (7, 500), (20, 300)])
def test_equivalent_is_false_at_most_five_times_in_a_hundred(variants, studies):
    """At the margin itself, where equivalence is most often claimed wrongly."""
    assert rate(variants, MARGIN, WITHIN, studies, spread=0.2) <= 0.055


@pytest.mark.integration
@pytest.mark.parametrize("variants", [1, 7, 20])
def test_both_error_rates_in_many_studies(variants):
    assert rate(variants, 0.0, CLAIMS, 5000) <= 0.055
    assert rate(variants, MARGIN, WITHIN, 5000, spread=0.2) <= 0.055


def test_a_clear_difference_is_shown_and_so_is_equivalence():
    """The rates above are not those of a test that never claims anything."""
    assert rate(7, 3.0, ("better",), 30) > 0.9
    assert rate(7, 0.0, ("equivalent",), 30, spread=0.2) > 0.9
