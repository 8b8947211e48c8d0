"""Accuracy on the test set, as a table."""

import math

import pandas as pd

from ablate.analysis.tables.test_set import test_set as table_of
from ablate.analysis.test_usage import UNPLANNED, Usage

LABELS = {"baseline": "baseline", "model=b": "model: b", "model=c": "model: c", "model=d": "model: d"}


def usage(*rows: tuple[str, int | None, float]) -> Usage:
    """Runs that were tested once: variant, seed, accuracy."""
    frame = pd.DataFrame(rows, columns=["variant", "seed", "accuracy"]).assign(times=1)
    return Usage(frame, unreadable=0, looks=1)


def test_differences_are_paired_by_seed():
    """b - baseline: 1, 2 and 3 points on seeds 0-2; 2 ± t(0.975, 2) / √3 = 2 ± 2.484. Seed 9 of b has no pair."""
    baseline = [("baseline", seed, accuracy) for seed, accuracy in ((2, 0.7), (0, 0.5), (1, 0.6))]
    b = [("model=b", seed, accuracy) for seed, accuracy in ((0, 0.51), (1, 0.62), (2, 0.73), (9, 0.1))]
    c = [("model=c", 0, 0.4)]
    table = table_of(usage(*c, *b, *baseline), LABELS)
    assert table is not None and table.variants == ("baseline", "model=b", "model=c")  # in the order of the labels
    assert table.cells.values.tolist() == [
        ["baseline", "3", "60.00 ± 10.00", "—"],
        ["model: b", "4", "49.00 ± 27.51", "+2.00 [−0.48, +4.48]"],
        ["model: c", "1", "40.00 ± —", "−10.00 —"],
    ]


def test_without_a_tested_baseline_there_are_no_differences():
    table = table_of(usage(("model=b", 0, 0.5), ("model=b", 1, 0.7)), LABELS)
    assert table is not None and table.cells.values.tolist() == [["model: b", "2", "60.00 ± 14.14", "—"]]


def test_runs_without_an_accuracy_and_runs_that_are_no_longer_planned_are_left_out():
    assert table_of(usage(("baseline", 0, math.nan), (UNPLANNED, None, 0.5)), LABELS) is None
    assert table_of(usage(), LABELS) is None
