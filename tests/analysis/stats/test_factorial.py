"""The kidney data of Neter et al. and NIST's SiRstv, statsmodels on balanced data, and contrasts by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from ablate.analysis.stats import anova, contrasts

DAYS = {
    (1, 1): [0, 2, 1, 3, 0, 2, 0, 5, 6, 8],
    (1, 2): [2, 4, 7, 12, 15, 4, 3, 1, 5, 20],
    (1, 3): [15, 10, 8, 5, 25, 16, 7, 30, 3, 27],
    (2, 1): [0, 1, 1, 0, 4, 2, 7, 4, 0, 3],
    (2, 2): [5, 3, 2, 0, 1, 1, 3, 6, 7, 9],
    (2, 3): [10, 8, 12, 3, 7, 15, 4, 9, 6, 1],
}
KIDNEY = pd.DataFrame(
    [(*cell, math.log(days + 1)) for cell, column in DAYS.items() for days in column],
    columns=["Duration", "Weight", "y"],
)
# NIST StRD, SiRstv: resistivity of silicon by five instruments, certified to 15 digits.
SIRSTV = {
    1: [196.3052, 196.1240, 196.1890, 196.2569, 196.3403],
    2: [196.3042, 196.3825, 196.1669, 196.3257, 196.0422],
    3: [196.1303, 196.2005, 196.2889, 196.0343, 196.1811],
    4: [196.2795, 196.1748, 196.1494, 196.1485, 195.9885],
    5: [196.2119, 196.1051, 196.1850, 196.0052, 196.2090],
}


def test_kidney():
    table = anova(KIDNEY, "y", ["Duration", "Weight"]).set_index("term")
    assert table["df"].to_dict() == {"Duration": 1, "Weight": 2, "Duration:Weight": 2, "Residual": 54}
    assert table["estimable"].all()
    expected = {
        "Duration": (2.339693, 4.358293, 0.0415617),
        "Weight": (16.97129, 15.80674, 3.944502e-6),
        "Duration:Weight": (0.6356584, 0.5920404, 0.5567479),
    }
    for term, numbers in expected.items():
        assert tuple(table.loc[term, ["sum_sq", "F", "p"]]) == pytest.approx(numbers, rel=5e-7)
    assert table.loc["Residual", "sum_sq"] == pytest.approx(28.9892, abs=5e-5)


def test_nist():
    frame = pd.DataFrame([(name, value) for name, values in SIRSTV.items() for value in values], columns=["by", "y"])
    table = anova(frame, "y", ["by"]).set_index("term")
    assert table.loc["by", "sum_sq"] == pytest.approx(0.0511462616, rel=1e-8)
    assert table.loc["Residual", "sum_sq"] == pytest.approx(0.21663656, rel=1e-8)
    assert table.loc["by", "F"] == pytest.approx(1.18046237440255, rel=1e-9)


def balanced(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = itertools.product("abc", "uv", "xyz", range(4))
    frame = pd.DataFrame(rows, columns=["f", "g", "h", "seed"])
    return frame.assign(y=rng.normal(size=len(frame)) + (frame["f"] == "b") + (frame["g"] == "v") * frame["seed"])


def test_three_factors_and_blocks_are_statsmodels():
    frame = balanced()
    ours = anova(frame, "y", ["f", "g", "h"], block="seed").set_index("term")
    model = smf.ols("y ~ C(f) * C(g) * C(h) + C(seed)", frame).fit()
    theirs = anova_lm(model, typ=2)
    theirs.index = theirs.index.str.replace(r"C\((\w+)\)", r"\1", regex=True)
    assert set(ours.index) == set(theirs.index)
    for term, row in theirs.iterrows():
        assert ours.loc[term, ["df", "sum_sq"]].tolist() == pytest.approx([row["df"], row["sum_sq"]])
        if term != "Residual":
            assert ours.loc[term, ["F", "p"]].tolist() == pytest.approx([row["F"], row["PR(>F)"]])
            mse, n = theirs.loc["Residual", "sum_sq"] / theirs.loc["Residual", "df"], len(frame)
            omega = (row["sum_sq"] - row["df"] * mse) / (row["sum_sq"] + (n - row["df"]) * mse)
            assert ours.loc[term, "partial_omega_sq"] == pytest.approx(max(0, omega))


def test_what_the_cells_do_not_tell_is_not_estimable():
    frame = balanced()
    one_at_a_time = frame[((frame[["f", "g", "h"]] != ["a", "u", "x"]).sum(axis=1)) <= 1]
    table = anova(one_at_a_time, "y", ["f", "g", "h"], block="seed").set_index("term")
    interactions = [term for term in table.index if ":" in term]
    assert len(interactions) == 4 and not table.loc[interactions, "estimable"].any()
    assert table.loc[["f", "g", "h"], "df"].tolist() == [2, 1, 2] and table.loc[["f", "g", "h"], "estimable"].all()
    aliased = frame.assign(copy=frame["f"].str.upper())
    table = anova(aliased, "y", ["f", "copy"]).set_index("term")
    assert not table.loc[["f", "copy", "f:copy"], "estimable"].any()


def test_without_replicates_nothing_is_tested():
    table = anova(balanced().query("seed == 0"), "y", ["f", "g", "h"])
    assert table["F"].isna().all() and table["p"].isna().all()


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
    assert table["n"].tolist() == [3, 3, 3] and table["cells"].tolist() == [2, 2, 1]
    assert table[["kind", "factor", "level"]].values.tolist() == [
        ["main", "f", "b"], ["main", "g", "v"], ["interaction", "f", "b"]
    ]  # fmt: skip


def test_a_seed_without_all_runs_is_left_out():
    frame = runs(CELLS)
    frame.loc[(frame["f"] == "b") & (frame["g"] == "v") & (frame["seed"] == 1), "val_accuracy"] = math.nan
    assert contrasts(frame, ["f", "g"])["n"].tolist() == [2, 2, 2]


def test_one_at_a_time_has_differences_from_the_baseline_and_no_interaction():
    del (cells := dict(CELLS))[("b", "v")]
    table = contrasts(runs(cells), ["f", "g"])
    assert table["mean"].tolist()[:2] == pytest.approx([3, 1]) and table["cells"].tolist() == [1, 1, 0]
    assert table["estimable"].tolist() == [True, True, False] and math.isnan(table["mean"][2])
