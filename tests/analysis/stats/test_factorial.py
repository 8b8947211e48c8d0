"""The kidney data of Neter et al. and NIST's SiRstv, statsmodels on balanced data, and contrasts by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from ablate.analysis.stats import anova, contrasts, shares

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


def test_one_at_a_time_has_differences_from_the_baseline_and_no_interaction():
    del (cells := dict(CELLS))[("b", "v")]
    table = contrasts(runs(cells), ["f", "g"])
    assert table["mean"].tolist()[:2] == pytest.approx([3, 1]) and table["cells"].tolist() == [1, 1, 0]
    assert table["estimable"].tolist() == [True, True, False] and math.isnan(table["mean"][2])


# --- lost runs and fractions


def factorial(seeds: int = 6) -> pd.DataFrame:
    """3 x 2 x 2 cells with a seed effect."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(itertools.product("abc", "uv", "xy", range(seeds)), columns=["f", "g", "h", "seed"])
    of_seed = rng.normal(size=seeds)[frame["seed"]]
    y = of_seed + rng.normal(0, 0.3, len(frame)) + 2.0 * (frame["f"] == "b") + (frame["f"] == "c") * (frame["g"] == "v")
    return frame.assign(y=y)


def lost(frame: pd.DataFrame, count: int = 5) -> pd.DataFrame:
    """The frame with `count` of its results missing."""
    places = np.random.default_rng(2).choice(len(frame), count, replace=False)
    return frame.assign(y=frame["y"].mask(frame.index.isin(places)))


def reference(frame: pd.DataFrame) -> pd.DataFrame:
    """statsmodels: cell means by treatment coding, a block for each seed; the contrasts from its predictions."""
    fit = smf.ols("y ~ C(f) * C(g) * C(h) + C(seed)", frame.dropna()).fit()
    cells = pd.DataFrame(itertools.product("abc", "uv", "xy"), columns=["f", "g", "h"]).assign(seed=0)
    design = fit.model.data.design_info if hasattr(fit.model.data, "design_info") else fit.model.data.model_spec
    from patsy import dmatrix

    rows = np.asarray(dmatrix(design, cells))
    found = []
    for column, base, level in (("f", "a", "b"), ("f", "a", "c"), ("g", "u", "v"), ("h", "x", "y")):
        own = cells[column]
        vector = rows[own == level].mean(axis=0) - rows[own == base].mean(axis=0)
        test = fit.t_test(vector)
        found.append((column, level, test.effect[0], test.tvalue[0, 0], fit.df_resid, *test.conf_int()[0]))
    return pd.DataFrame(found, columns=["factor", "level", "mean", "t", "df", "low", "high"])


def test_five_lost_runs_of_seventy_two_cost_five_runs():
    frame = lost(factorial())
    table = contrasts(frame, ["f", "g", "h"], "y")
    main = table[table["kind"] == "main"].reset_index(drop=True)
    expected = reference(frame)
    assert (main["method"] == "linear model").all() and (main["n"] == 6).all()
    assert main["df"].tolist() == [72 - 5 - 12 - 5] * 4  # without losses 72 - 12 cells - 5 blocks
    for column in ("mean", "t", "low", "high"):
        np.testing.assert_allclose(main[column], expected[column], rtol=1e-8)
    assert (contrasts(factorial(), ["f", "g", "h"], "y")["method"] == "t over seeds").all()
    # R 4: lm(y ~ f * g * h + seed), f=b and h=y; the interaction of f=c and g=v.
    assert main.loc[0, ["mean", "t"]].tolist() == pytest.approx([2.011360804, 26.13041229], rel=1e-8)
    assert main.loc[3, ["mean", "p"]].tolist() == pytest.approx([-0.1025624766, 0.10518836951], rel=1e-8)
    row = table[(table["level"] == "c") & (table["level_2"] == "v")].iloc[0]
    assert row[["mean", "t", "low"]].tolist() == pytest.approx([1.071394693, 6.959463714, 0.7621812736], rel=1e-8)


def test_a_seed_that_was_not_run_at_all_is_no_loss():
    frame = factorial()
    frame["y"] = frame["y"].mask(frame["seed"] == 5)
    table = contrasts(frame, ["f", "g", "h"], "y")
    assert (table["method"] == "t over seeds").all() and (table["n"] == 5).all()


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


def test_anova_with_lost_runs_is_statsmodels():
    frame = lost(factorial())
    ours = anova(frame, "y", ["f", "g", "h"], block="seed").set_index("term")
    theirs = anova_lm(smf.ols("y ~ C(f) * C(g) * C(h) + C(seed)", frame.dropna()).fit(), typ=2)
    theirs.index = theirs.index.str.replace(r"C\((\w+)\)", r"\1", regex=True)
    for term, row in theirs.iterrows():
        assert ours.loc[term, ["df", "sum_sq"]].tolist() == pytest.approx([row["df"], row["sum_sq"]])


# Montgomery, Design and Analysis of Experiments, filtration rate: a fastest.
RATES = [45, 71, 48, 65, 68, 60, 80, 65, 43, 100, 45, 104, 75, 86, 70, 96]
FILTRATION = pd.DataFrame(
    [(a, b, c, d, 0, y) for (d, c, b, a), y in zip(itertools.product("-+", repeat=4), RATES, strict=True)],
    columns=["A", "B", "C", "D", "seed", "y"],
).astype({"y": float})


def effect(table: pd.DataFrame, one: str, other: str | None = None) -> pd.Series:
    rows = table[table["factor"] == one]
    return rows[rows["factor_2"] == other].iloc[0] if other else rows[rows["kind"] == "main"].iloc[0]


def test_the_filtration_rate_of_montgomery():
    table = contrasts(FILTRATION, ["A", "B", "C", "D"], "y")
    mains = [effect(table, name)["mean"] for name in "ABCD"]
    assert mains == pytest.approx([21.625, 3.125, 9.875, 14.625])
    # Montgomery's interaction is half of the difference of differences.
    assert effect(table, "A", "C")["mean"] / 2 == pytest.approx(-18.125)
    assert effect(table, "A", "D")["mean"] / 2 == pytest.approx(16.625)
    share = 100 * shares(FILTRATION, "y", ["A", "B", "C", "D"]).set_index("term")["share"]
    expected = {"A": 32.6, "A:C": 22.9, "A:D": 19.3, "D": 14.9, "C": 6.8}
    assert {term: round(share[term], 1) for term in expected} == expected
    assert share.sum() == pytest.approx(100)


def test_the_half_fraction_names_its_aliases():
    half = FILTRATION[(FILTRATION[["A", "B", "C", "D"]] == "+").sum(axis=1) % 2 == 0]
    table = contrasts(half, ["A", "B", "C", "D"], "y")
    assert [effect(table, name)["mean"] for name in "ABCD"] == pytest.approx([19.0, 1.5, 14.0, 16.5])
    assert [effect(table, name)["aliases"] for name in "ABCD"] == [""] * 4  # of three-way interactions alone
    for pair, other, value in (("AC", "BD", -18.5), ("BD", "AC", -18.5), ("AD", "BC", 19.0)):
        row = effect(table, *pair)
        assert row["mean"] / 2 == pytest.approx(value) and row["aliases"] == f"+ {other[0]}=+ × {other[1]}=+"
        assert math.isnan(row["p"])  # one seed: nothing is left to test with


def test_a_fraction_with_seeds_is_tested():
    """Three seeds of the half fraction: 24 runs, 8 columns with the mean, 2 blocks: 14 df."""
    half = FILTRATION[(FILTRATION[["A", "B", "C", "D"]] == "+").sum(axis=1) % 2 == 0]
    noise = np.random.default_rng(0).normal(0, 2, (3, 8))
    frame = pd.concat([half.assign(seed=s, y=half["y"] + noise[s]) for s in range(3)], ignore_index=True)
    row = effect(contrasts(frame, ["A", "B", "C", "D"], "y"), "A")
    signs = {name.lower(): (frame[name] == "+") * 2.0 - 1 for name in "ABCD"}
    coded = pd.DataFrame({**signs, "y": frame["y"], "seed": frame["seed"]})
    fit = smf.ols("y ~ a + b + c + d + a:b + a:c + a:d + C(seed)", coded).fit()
    assert (row["df"], row["n"]) == (14, 3)
    assert (row["mean"], row["t"]) == pytest.approx((2 * fit.params["a"], fit.tvalues["a"]))


def test_a_main_effect_aliased_with_an_interaction_names_it():
    """2^(3-1) with C = -AB: each main effect is aliased with the interaction of the two others."""
    quarter = pd.DataFrame([("-", "-", "-", 1.0), ("+", "-", "+", 2.0), ("-", "+", "+", 3.0), ("+", "+", "-", 8.0)],
                           columns=["A", "B", "C", "y"])  # fmt: skip
    frame = pd.concat([quarter.assign(seed=s, y=quarter["y"] + s * s) for s in range(2)])
    row = effect(contrasts(frame, ["A", "B", "C"], "y"), "A")
    assert row["aliases"] == "− B=+ × C=+" and row["mean"] == pytest.approx((2 + 8 - 1 - 3) / 2)


def test_shares_sum_to_one_with_seed_and_residual():
    """On a full factorial they are the sums of squares of statsmodels over the total."""
    frame = factorial()
    table = shares(frame, "y", ["f", "g", "h"], block="seed").set_index("term")
    assert table["share"].sum() == pytest.approx(1) and not table["ordered"].any()
    theirs = anova_lm(smf.ols("y ~ C(f) * C(g) * C(h) + C(seed)", frame).fit(), typ=2)["sum_sq"]
    theirs.index = theirs.index.str.replace(r"C\((\w+)\)", r"\1", regex=True)
    assert (theirs / theirs.sum()).to_dict() == pytest.approx(table["share"].to_dict())
    assert ((table["low"] <= table["high"]) & (table["high"] <= 1)).all()
    with_losses = shares(lost(frame), "y", ["f", "g", "h"], block="seed")
    assert with_losses["share"].sum() == pytest.approx(1) and with_losses["ordered"].all()
    sequential = anova_lm(smf.ols("y ~ C(seed) + C(f) * C(g) * C(h)", lost(frame).dropna()).fit(), typ=1)["sum_sq"]
    sequential.index = sequential.index.str.replace(r"C\((\w+)\)", r"\1", regex=True)
    assert (sequential / sequential.sum()).to_dict() == pytest.approx(with_losses.set_index("term")["share"].to_dict())


def test_shares_of_few_seeds_have_no_interval():
    table = shares(factorial(4), "y", ["f", "g", "h"], block="seed")
    assert table["low"].isna().all() and table["share"].notna().all()


def test_the_interval_of_a_share_is_the_bootstrap_over_seeds():
    """Refitted for each resample with numpy alone: the same 2000 draws, one factor of two levels."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(6, 2)) + np.array([0, 1.5])
    frame = pd.DataFrame(
        [(f, s, values[s, k]) for k, f in enumerate("ab") for s in range(6)], columns=["f", "seed", "y"]
    )
    row = shares(frame, "y", ["f"], block="seed").set_index("term").loc["f"]
    drawn = values[np.random.default_rng(0).integers(6, size=(2000, 6))]
    between = 6 * ((drawn.mean(axis=1) - drawn.mean(axis=(1, 2))[:, None]) ** 2).sum(axis=1)
    expected = between / ((drawn - drawn.mean(axis=(1, 2), keepdims=True)) ** 2).sum(axis=(1, 2))
    assert row[["low", "high"]].tolist() == pytest.approx(np.percentile(expected, [2.5, 97.5]).tolist())
