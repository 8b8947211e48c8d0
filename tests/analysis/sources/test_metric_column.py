"""The metric of a table: its direction and scale, and the sentences on what was assumed."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.sources.any_source import Asked, of_frame
from ablate.analysis.sources.metric_column import metric_of

FRACTIONS = [0.812, 0.806, 0.815, 0.851, 0.839, 0.856]


def frame(*values, **further):
    return pd.DataFrame({"net": list("aaabbb"), "seed": [0, 1, 2] * 2, "acc": values, **further})


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e30, 101, 10**400, "nan", "NA"])
def test_one_value_that_is_no_share_does_not_change_the_scale(value):
    rows = frame(*FRACTIONS[:4], value, FRACTIONS[5])
    metric, notes = metric_of(rows, "acc", "max", "%")
    assert metric.scale == 100
    assert notes == ["Values of acc are taken as fractions, printed times 100 (--scale 1 prints them unchanged)."]


def test_a_run_that_is_not_completed_does_not_change_the_scale():
    status = ["finished"] * 4 + ["crashed", "finished"]
    assert metric_of(frame(*FRACTIONS[:4], 55, 0.856, state=status), "acc", "max", "%")[0].scale == 100


@pytest.mark.parametrize("values", [[81.2, 80.6, 81.5, 85.1, 83.9, 85.6], [0.8, 0.9, 1.2, 0.7, 0.6, 0.9], [150] * 6])
def test_values_in_per_cent_are_printed_unchanged(values):
    metric, notes = metric_of(frame(*values), "acc", "max", "%")
    assert metric.scale == 1 and "taken as percent, as some exceed 1 (--scale 100" in notes[0]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("acc", "higher values of acc are better (--minimize sets the opposite)"),
        ("error_rate", "lower values of error_rate are better (--maximize sets the opposite)"),
        ("loss_reduction", "higher values of loss_reduction are better (--minimize sets the opposite)"),
    ],
)
def test_an_assumed_direction_is_stated_once(tmp_path, name, sentence):
    rows = frame(*FRACTIONS).rename(columns={"acc": name})
    results = of_frame(rows, Asked(metric=name, seed="seed"), tmp_path / "results")
    assert [text for text in results.assumptions if "better" in text] == [f"Assumed from the name: {sentence}."]
    results = of_frame(rows, Asked(metric=name, seed="seed", direction="min"), tmp_path / "results")
    assert not [text for text in results.assumptions if "better" in text]


@pytest.mark.parametrize("scale", [1, 100, 7])
def test_a_stated_scale_needs_no_sentence(scale):
    assert metric_of(frame(*FRACTIONS), "acc", "max", "%", scale)[1] == []
