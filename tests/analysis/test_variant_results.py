"""Results by variant and seed, next to the baseline's."""

import math

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import variant_results
from ablate.analysis.variant_results import VariantResults
from ablate.runs.metric import ACCURACY

COLUMNS = ["variant", "seed", "status", "val_accuracy"]


def frame(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


RUNS = frame(
    ("baseline", 0, "completed", 0.5), ("baseline", 1, "completed", 0.25), ("baseline", 2, "failed", math.nan),
    ("b", 0, "completed", 0.75), ("b", 1, "diverged", math.nan), ("b", 2, "completed", 0.5),
    ("c", 0, "pruned", 0.125), ("c", 1, "missing", math.nan), ("c", 2, "stale", math.nan),
)  # fmt: skip


def test_each_run_is_a_result_a_diverged_run_or_a_hole():
    results = variant_results.by_variant(RUNS, chance=0.1)
    assert results == {
        "baseline": VariantResults({0: 0.5, 1: 0.25}, {}, 0, 1),
        "b": VariantResults({0: 0.75, 2: 0.5}, {1: 0.1}, 0, 0),
        "c": VariantResults({}, {}, 0, 2),  # pruned: neither a result to compare nor a hole
    }
    assert (results["b"].ended, results["b"].failures, results["b"].rate) == (3, 1, pytest.approx(1 / 3))
    assert results["c"].ended == 0 and math.isnan(results["c"].rate)
    assert math.isnan(variant_results.by_variant(RUNS, chance=None)["b"].diverged[1])


def test_a_run_at_chance_keeps_its_accuracy_and_counts_as_a_failure():
    collapsed = RUNS.assign(collapsed=[True, *[False] * 8])
    baseline = variant_results.by_variant(collapsed, chance=0.1)["baseline"]
    assert baseline == VariantResults({0: 0.5, 1: 0.25}, {}, 1, 1)
    assert (baseline.ended, baseline.failures, baseline.rate) == (2, 1, 0.5)
    assert variant_results.learned(collapsed).tolist() == [False, True, False, True, False, True, *[False] * 3]


def test_differences_are_in_points_over_the_seeds_of_both():
    assert variant_results.differences(RUNS, ACCURACY).to_dict() == {("b", 0): 25.0}
    known = variant_results.pairs(RUNS, ACCURACY).set_index(["variant", "seed"])
    assert known.loc[("b", 0)].tolist() == [0.75, 0.5] and math.isnan(known.loc[("b", 2), "baseline"])


def test_the_correlation_is_over_the_variants_with_most_seeds():
    """Numpy's mean covariance over mean variance of two variants; the third, which has fewer seeds, is left out."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=20) + rng.normal(size=(2, 20))
    rows = [(name, seed, "completed", values[k, seed]) for k, name in enumerate("ab") for seed in range(20)]
    rows += [("c", seed, "completed", -values[0, seed]) for seed in range(19)]
    rows += [("c", 19, "diverged", math.nan)]
    covariance = np.cov(values)
    expected = covariance[0, 1] / covariance.diagonal().mean()
    assert variant_results.correlation(frame(*rows), ACCURACY) == pytest.approx(expected)
