"""The error rates of the printed verdicts, in simulated studies of which the truth is known.

Runs share the seed of their study, as real ones do: SD .6 points of the seed, .6 of the run.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr

from ablate.analysis.effects import effects

MARGIN = 1.0  # percentage points
SEEDS = 5
CLAIMS = ("better", "worse", "better, within the margin", "worse, within the margin")


def frame(variants: int) -> pd.DataFrame:
    """The runs of a study without their results."""
    names = ["baseline", *(f"model={k}" for k in range(variants))]
    rows = [(name, name[6:], seed, "completed", 0.0) for name in names for seed in range(SEEDS)]
    return pd.DataFrame(rows, columns=["variant", "model", "seed", "status", "val_accuracy"])


def studies(variants: int, difference: float, count: int, spread: float) -> np.ndarray:
    """Points (count, variants + 1, SEEDS), the baseline first; all variants differ from it by so many points."""
    rng = np.random.default_rng(variants)
    points = rng.normal(0, 0.6, (count, 1, SEEDS)) + rng.normal(0, spread, (count, variants + 1, SEEDS))
    points[:, 1:] += difference
    return points


def claims(points: np.ndarray, wrong: tuple[str, ...]) -> np.ndarray:
    """Whether the report of each study has at least one of these verdicts."""
    runs = frame(points.shape[1] - 1)
    tables = (effects(runs.assign(val_accuracy=0.7 + one.ravel() / 100), margin=MARGIN) for one in points)
    return np.array([table["verdict"].isin(wrong).any() for table in tables])


def smallest(points: np.ndarray, margin: float | None) -> np.ndarray:
    """The smallest p of each study, of the difference or of equivalence, by scipy alone."""
    d = points[:, 1:] - points[:, :1]
    mean, error = d.mean(axis=2), d.std(axis=2, ddof=1) / np.sqrt(SEEDS)
    if margin is None:
        return (2 * stdtr(SEEDS - 1, -abs(mean / error))).min(axis=1)
    return stdtr(SEEDS - 1, (abs(mean) - margin) / error).min(axis=1)


WITHIN = ("equivalent", "better, within the margin", "worse, within the margin")


@pytest.mark.parametrize("variants", [1, 7, 20])
@pytest.mark.parametrize(
    ("wrong", "difference", "margin", "spread"), [(CLAIMS, 0.0, None, 0.6), (WITHIN, MARGIN, MARGIN, 0.2)]
)
def test_a_false_claim_is_made_at_most_five_times_in_a_hundred(variants, wrong, difference, margin, spread):
    """Nothing differs; or all differ by the margin, where equivalence is most often claimed wrongly.

    A report has any claim where its smallest p is below .05 / m: so in each of 150 reports; then 40,000 are counted.
    """
    points = studies(variants, difference, 40_000, spread)
    counted = smallest(points, margin) < 0.05 / variants
    np.testing.assert_array_equal(claims(points[:150], wrong), counted[:150])
    assert 0.03 < counted.mean() <= 0.055


@pytest.mark.integration
@pytest.mark.parametrize("variants", [1, 7, 20])
def test_both_error_rates_in_many_reports(variants):
    assert claims(studies(variants, 0.0, 4000, 0.6), CLAIMS).mean() <= 0.055
    assert claims(studies(variants, MARGIN, 4000, 0.2), WITHIN).mean() <= 0.055


def test_a_clear_difference_is_shown_and_so_is_equivalence():
    """The rates above are not those of a test that never claims anything."""
    assert claims(studies(7, 3.0, 30, 0.6), ("better",)).mean() > 0.9
    assert claims(studies(7, 0.0, 30, 0.2), ("equivalent",)).mean() > 0.9
