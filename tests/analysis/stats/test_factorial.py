"""Contrasts of complete designs: by hand, and the filtration rate of Montgomery."""

import math

import pandas as pd
import pytest

from ablate.analysis.stats import contrasts
from tests.analysis.stats.designs import FILTRATION, effect, factorial, lost

CELLS = {("a", "u"): 1.0, ("a", "v"): 2.0, ("b", "u"): 4.0, ("b", "v"): 9.0}


def runs(cells: dict, seeds: int = 3) -> pd.DataFrame:
    """Seed s adds s to all, and 0.1 s to the cell (b, v)."""
    rows = [
        (*cell, seed, value + seed + 0.1 * seed * (cell == ("b", "v")))
        for cell, value in cells.items()
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows, columns=["f", "g", "seed", "val_accuracy"])


def test_contrasts_of_two_by_two_by_hand():
    table = contrasts(runs(CELLS), ["f", "g"])
    # f: ((4 - 1) + (9 - 2)) / 2 = 5 and 0.05 a seed; g: ((2 - 1) + (9 - 4)) / 2 = 3; f x g: 9 - 4 - 2 + 1 = 4.
    assert table["mean"].tolist() == pytest.approx([5.05, 3.05, 4.1])
    assert table["sd"].tolist() == pytest.approx([0.05, 0.05, 0.1])
    assert table["t"].tolist() == pytest.approx([5.05 / 0.05 * 3**0.5, 3.05 / 0.05 * 3**0.5, 4.1 / 0.1 * 3**0.5])
    half = 4.302653 * table["sd"] / 3**0.5  # t at .975 with 2 df
    assert table["low"].tolist() == pytest.approx((table["mean"] - half).tolist(), abs=1e-6)
    assert table["high"].tolist() == pytest.approx((table["mean"] + half).tolist(), abs=1e-6)
    other = runs(CELLS).assign(val_loss=[*range(12)], error=math.nan)
    pd.testing.assert_frame_equal(contrasts(other, ["f", "g"]), table)
    assert table["n"].tolist() == [3, 3, 3] and table["cells"].tolist() == [2, 2, 1]
    assert table[["kind", "factor", "level"]].values.tolist() == [
        ["main", "f", "b"], ["main", "g", "v"], ["interaction", "f", "b"]
    ]  # fmt: skip


def test_one_at_a_time_has_differences_from_the_baseline_and_no_interaction():
    del (cells := dict(CELLS))[("b", "v")]
    table = contrasts(runs(cells), ["f", "g"])
    assert table["mean"].tolist()[:2] == pytest.approx([3, 1]) and table["cells"].tolist() == [1, 1, 0]
    assert table["estimable"].tolist() == [True, True, False] and math.isnan(table["mean"][2])
    assert table["n"].tolist() == [3, 3, 0] and table["method"].tolist() == ["t over seeds", "t over seeds", ""]


def test_the_filtration_rate_of_montgomery():
    table = contrasts(FILTRATION, ["A", "B", "C", "D"], "y")
    mains = [effect(table, name)["mean"] for name in "ABCD"]
    assert mains == pytest.approx([21.625, 3.125, 9.875, 14.625])
    # Montgomery's interaction is half of the difference of differences.
    assert effect(table, "A", "C")["mean"] / 2 == pytest.approx(-18.125)
    assert effect(table, "A", "D")["mean"] / 2 == pytest.approx(16.625)


def test_a_seed_that_was_not_run_at_all_is_no_loss():
    frame = factorial()
    frame["y"] = frame["y"].mask(frame["seed"] == 5)
    table = contrasts(frame, ["f", "g", "h"], "y")
    assert (table["method"] == "t over seeds").all() and (table["n"] == 5).all()


def test_seeds_that_lost_some_of_their_runs_count():
    table = contrasts(lost(factorial()), ["f", "g", "h"], "y")
    assert (table["method"] == "linear model").all() and (table["n"] == 6).all() and table["sd"].isna().all()


def test_a_lost_cell_leaves_the_other_cells():
    """Without (b, v, y), b is compared with a over the three other cells of g and h."""
    frame = factorial()
    frame["y"] = frame["y"].mask((frame["f"] == "b") & (frame["g"] == "v") & (frame["h"] == "y"))
    row = contrasts(frame, ["f", "g", "h"], "y").iloc[0]
    kept = frame[~((frame["g"] == "v") & (frame["h"] == "y"))]
    means = kept.groupby("f")["y"].mean()
    assert (
        row["cells"] == 3 and row["method"] == "t over seeds" and row["mean"] == pytest.approx(means["b"] - means["a"])
    )


def test_the_half_fraction_is_estimated_by_a_linear_model():
    half = FILTRATION[(FILTRATION[["A", "B", "C", "D"]] == "+").sum(axis=1) % 2 == 0]
    table = contrasts(half, ["A", "B", "C", "D"], "y")
    assert (table["method"] == "linear model of a fraction").all() and table["estimable"].all()
    assert table["mean"].tolist()[:4] == pytest.approx([19.0, 1.5, 14.0, 16.5])  # Montgomery
