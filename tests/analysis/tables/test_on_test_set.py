"""Accuracy on the test set, as a table."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from ablate.analysis.on_test_set.usage import UNPLANNED, Usage
from ablate.analysis.tables.on_test_set import on_test_set as table_of
from ablate.runs.metric import named

LABELS = {"baseline": "baseline", "model=b": "model: b", "model=c": "model: c", "model=d": "model: d"}


def usage(*rows: tuple[str, int | None, float]) -> Usage:
    """Runs that were tested once: variant, seed, accuracy."""
    frame = pd.DataFrame(rows, columns=["variant", "seed", "accuracy"]).assign(times=1)
    return Usage(frame, len(frame), unreadable=0, looks=1)


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
        ["model: c", "1", "40.00", "−10.00 —"],
    ]


@pytest.mark.parametrize(
    ("metric", "header", "title", "baseline", "difference"),
    [
        (
            "val_macro_f1",
            "Test macro-F1 (%), mean ± SD",
            "Macro-F1 on the test set",
            "60.00 ± 10.00",
            "+2.00 [−0.48, +4.48]",
        ),
        ("val_loss", "Test loss, mean ± SD", "Loss on the test set", "0.600 ± 0.100", "+0.020 [−0.005, +0.045]"),
    ],
)
def test_another_metric_is_compared_in_its_unit_and_the_accuracy_has_its_own_column(
    metric, header, title, baseline, difference
):
    tested = usage(*[("model=b", seed, 0.1) for seed in (0, 1, 2)], *[("baseline", seed, 0.2) for seed in (0, 1, 2)])
    values = [0.51, 0.62, 0.73, 0.5, 0.6, 0.7]
    table = table_of(replace(tested, runs=tested.runs.assign(value=values)), LABELS, named(metric))
    assert table is not None and table.title == title and f"Select variants by {named(metric).label}" in table.note
    row = dict(zip(table.cells, table.cells.iloc[1], strict=True))
    assert table.cells[header][0] == baseline and row["Test accuracy (%), mean ± SD"] == "10.00 ± 0.00"
    assert next(text for name, text in row.items() if name.startswith("Difference")) == difference


def test_an_unknown_metric_is_replaced_by_the_accuracy_and_the_note_names_it():
    tested = usage(("baseline", 0, 0.5), ("model=b", 0, 0.6))
    runs = tested.runs.assign(value=[0.5, math.nan])
    table = table_of(replace(tested, runs=runs), LABELS, named("val_auroc"))
    assert table is not None and "Test accuracy (%), mean ± SD" in table.cells
    assert table.note.endswith("The test AUROC of these tests is unknown.")


def test_without_a_tested_baseline_there_are_no_differences():
    table = table_of(usage(("model=b", 0, 0.5), ("model=b", 1, 0.7)), LABELS)
    assert table is not None and table.cells.values.tolist() == [["model: b", "2", "60.00 ± 14.14", "—"]]


def test_runs_without_an_accuracy_and_runs_that_are_no_longer_planned_are_left_out():
    assert table_of(usage(("baseline", 0, math.nan), (UNPLANNED, None, 0.5)), LABELS) is None
    assert table_of(usage(), LABELS) is None
