"""Secondary metrics and all pairs: the rows of each variant, and how they were compared."""

import pandas as pd
import pytest

from ablate.analysis import collect
from ablate.analysis.all_pairs import all_pairs
from ablate.analysis.metric_format import metric_format
from ablate.analysis.tables.pairs import letters
from ablate.analysis.tables.secondary import secondary
from ablate.runs.metric import ACCURACY, named

RESULTS = {"baseline": {0: 0.5, 1: 0.6, 2: 0.7}, "model=a": {0: 0.5, 1: 0.61, 2: 0.72},
           "model=b": {0: 0.4, 1: 0.52, 2: 0.6}}  # fmt: skip


def frame(make_study, results=RESULTS) -> pd.DataFrame:
    return collect.collect(make_study(results, {"model": ["z", "a", "b"]}))


def test_a_variant_without_the_metric_keeps_its_row(make_study):
    runs = frame(make_study)
    runs["val_loss"] = runs["val_accuracy"].where(runs["variant"] != "model=a")
    table = secondary(runs, [named("val_loss")], {name: f"<{name}>" for name in RESULTS})
    assert table.cells["Variant"].tolist() == [f"<{name}>" for name in table.variants] == [f"<{n}>" for n in RESULTS]
    assert table.cells["n (seeds)"].tolist() == ["3", "0", "3"]
    alone = secondary(runs[runs["variant"] != "model=a"], [named("val_loss")], {})
    assert table.cells.iloc[2].tolist()[2:] == alone.cells.iloc[1].tolist()[2:]


@pytest.mark.parametrize(
    ("seed", "sentence"),
    [
        (0, "Differences are paired by seed "),
        (10, "Differences are paired by seed where seeds are shared, else unpaired"),
    ],
)
def test_the_notes_state_whether_differences_are_paired(make_study, seed, sentence):
    runs = frame(make_study, RESULTS | {"model=b": {seed + k: 0.4 + k / 9 for k in range(3)}})
    assert sentence in secondary(runs, [named("val_loss")], {}).note
    labels = {name: name for name in RESULTS}
    note = letters(all_pairs(runs, ACCURACY), labels, metric_format(ACCURACY, runs.assign(sd=1.0))).note
    assert note.endswith("Differences are paired by seed.") == (seed == 0)
