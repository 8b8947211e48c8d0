"""Tables as trackers write them: which columns are factors."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.sources.columns import Columns, find_factors
from ablate.runs.metric import named

SEEDS, NETS = np.repeat([0, 1, 2], 2), ["small", "big"] * 3
SETTINGS = pd.DataFrame({"net": NETS, "seed": SEEDS, "acc": [0.5, 0.6, 0.51, 0.62, 0.49, 0.61]})


def columns(**further):
    return SETTINGS.assign(**further)


def test_found_factors_do_not_depend_on_the_order_of_rows():
    rows = columns(dropout=[0, 1, 1, 0, 0, 1])
    shuffled = rows.sample(frac=1, random_state=1).reset_index(drop=True)
    assert sorted(find_factors(shuffled, Columns(named("acc"), "seed"), "x")[0]) == ["dropout", "net"]


@pytest.mark.parametrize(
    "further",
    [
        {"Name": list("abcabc"), "Runtime": [10, 11, 10, 11, 11, 10], "Created": ["1", "2"] * 3},  # W&B's CSV
        {"_runtime": [10, 11, 11, 10, 10, 11], "_step": [99, 100, 100, 99, 99, 100]},  # W&B's summary
        {"metrics.top5": [80, 81, 81, 80, 80, 81], "tags.mlflow.source.name": ["a", "b", "b", "a", "a", "b"]},
        {"epoch": [9, 8, 8, 9, 9, 8], "val_loss": [0.7, 0.6, 0.65, 0.55, 0.71, 0.61]},
        {"parameters": [1, 2, 1, 2, 1, 2], "seconds": [1, 2, 2, 1, 1, 2], "rate": 0.1},
    ],
)
def test_what_a_tracker_adds_is_no_factor(further):
    assert find_factors(columns(**further), Columns(named("acc"), "seed"), "x")[0] == ["net"]
