"""Tables as trackers write them: which columns are factors."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.sources.columns import Columns
from ablate.analysis.sources.factors import find_factors
from ablate.runs.metric import named
from ablate.terminal.errors import InputError

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


def found(levels, seeds, **further):
    rows = pd.DataFrame({"net": levels, "seed": seeds, **further})
    rows["acc"] = np.random.default_rng(0).normal(size=len(rows))
    return find_factors(rows, Columns(named("acc"), "seed"), "x")[0]


@pytest.mark.parametrize(
    "levels", [list("abcdefgh"), [18, 34, 50, 101, 152, 201, 202, 203], [0.5 * n for n in range(8)]]
)
@pytest.mark.parametrize("further", [{}, {"best_epoch"}])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_variants_with_seeds_of_their_own_keep_their_factor(levels, further, count):
    runs = 8 * count
    results = {name: np.random.default_rng(1).permutation(runs) for name in further}
    assert found(np.repeat(levels, count), range(runs), **results) == ["net"]


@pytest.mark.parametrize("levels", [list("abcdef"), [18, 34, 50, 101, 152, 201]])
@pytest.mark.parametrize("counts", [[10, 2, 2, 2, 2, 2], [3, 1, 1, 1, 1, 1], [1, 2, 3, 4, 5, 6]])
@pytest.mark.parametrize("own", [False, True])
def test_unequal_numbers_of_seeds_keep_the_factor(levels, counts, own):
    seeds = range(sum(counts)) if own else [seed for count in counts for seed in range(count)]
    assert found(np.repeat(levels, counts), seeds) == ["net"]


def test_settings_whose_levels_have_seeds_of_their_own_within_another_factor():
    lr = [0.1, 0.1, 0.01, 0.01, 0.001, 0.001, 1e-4, 1e-4]
    assert found(["a"] * 8 + ["b"] * 8, [*range(8)] * 2, lr=lr * 2) == ["net", "lr"]
    assert found(["a"] * 3 + ["b"] * 3, range(6), depth=[1, 2, 3] * 2) == ["net", "depth"]


@pytest.mark.parametrize("name", ["best_epoch", "correct"])
def test_a_result_with_ties_is_no_factor(name):
    values = np.random.default_rng(2).integers(8, 8 + 12, 30)
    assert found(np.repeat(list("abc"), 10), [*range(10)] * 3, **{name: values}) == ["net"]


@pytest.mark.parametrize(
    ("further", "reason"),
    [
        ({"net": list("abcdef")}, r"net \(a value per run\)"),
        ({"net": list("abcdef"), "seed": 0}, r"net \(a value per run\)"),
        ({"net": "a", "val_loss": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}, r"val_loss \(a value per run\)"),
        ({"net": "a", "fold": list("aabbcc")}, r"fold \(follows from seed\)"),
    ],
)
def test_no_factor_at_all_is_refused_with_the_reason(further, reason):
    with pytest.raises(InputError, match=f"{reason}. Name the factors with --factors"):
        find_factors(columns(**further), Columns(named("acc"), "seed"), "x")


def test_missing_numbers_do_not_make_a_result_a_factor():
    assert found(["a", "b"] * 3, SEEDS, val_loss=["NA", 0.2, 0.3, "NA", 0.5, 0.6]) == ["net"]
