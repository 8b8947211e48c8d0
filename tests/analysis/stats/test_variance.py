"""The kidney data of Neter et al., NIST's SiRstv, and statsmodels, with and without lost runs."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from ablate.analysis.stats import anova, every_term, shares
from tests.analysis.stats.designs import FILTRATION, balanced, factorial, lost

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
    table = anova(KIDNEY, "y", every_term(["Duration", "Weight"])).set_index("term")
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
    table = anova(frame, "y", every_term(["by"])).set_index("term")
    assert table.loc["by", "sum_sq"] == pytest.approx(0.0511462616, rel=1e-8)
    assert table.loc["Residual", "sum_sq"] == pytest.approx(0.21663656, rel=1e-8)
    assert table.loc["by", "F"] == pytest.approx(1.18046237440255, rel=1e-9)


def test_three_factors_and_blocks_are_statsmodels():
    frame = balanced()
    ours = anova(frame, "y", every_term(["f", "g", "h"]), block="seed").set_index("term")
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
    table = anova(one_at_a_time, "y", every_term(["f", "g", "h"]), block="seed").set_index("term")
    interactions = [term for term in table.index if ":" in term]
    assert len(interactions) == 4 and not table.loc[interactions, "estimable"].any()
    assert table.loc[["f", "g", "h"], "df"].tolist() == [2, 1, 2] and table.loc[["f", "g", "h"], "estimable"].all()
    aliased = frame.assign(copy=frame["f"].str.upper())
    table = anova(aliased, "y", every_term(["f", "copy"])).set_index("term")
    assert not table.loc[["f", "copy", "f:copy"], "estimable"].any()
    assert table.loc[["f", "copy", "f:copy"], "df"].tolist() == [0, 0, 0]


def test_without_replicates_nothing_is_tested():
    table = anova(balanced().query("seed == 0"), "y", every_term(["f", "g", "h"]))
    assert table["F"].isna().all() and table["p"].isna().all()
    assert table.set_index("term").loc["Residual", ["df", "estimable"]].tolist() == [0, False]


@pytest.mark.parametrize("analyze", [anova, shares])
def test_what_other_columns_lack_does_not_matter(analyze):
    frame = balanced()
    terms = every_term(["f", "g"])
    other = frame.assign(other=np.where(frame["seed"] == 1, np.nan, 0.5))
    pd.testing.assert_frame_equal(analyze(other, "y", terms, "seed"), analyze(frame, "y", terms, "seed"))


@pytest.mark.parametrize(("count", "seed"), [(5, 2), (14, 3), (25, 4)])
def test_anova_with_lost_runs_is_statsmodels(count, seed):
    frame = lost(factorial(), count, seed)
    table = anova(frame, "y", every_term(["f", "g", "h"]), block="seed").set_index("term")
    reference = anova_lm(smf.ols("y ~ C(f) * C(g) * C(h) + C(seed)", frame.dropna()).fit(), typ=2)
    reference.index = reference.index.str.replace(r"C\((\w+)\)", r"\1", regex=True)
    assert set(table.index) == set(reference.index)
    for term, row in reference.iterrows():
        assert table.loc[term, ["df", "sum_sq"]].tolist() == pytest.approx([row["df"], row["sum_sq"]])
        if term != "Residual":
            assert table.loc[term, ["F", "p"]].tolist() == pytest.approx([row["F"], row["PR(>F)"]])


def test_the_shares_of_the_filtration_rate_are_those_of_montgomery():
    share = 100 * shares(FILTRATION, "y", every_term(["A", "B", "C", "D"])).set_index("term")["share"]
    expected = {"A": 32.6, "A:C": 22.9, "A:D": 19.3, "D": 14.9, "C": 6.8}
    assert {term: round(share[term], 1) for term in expected} == expected
    assert share.sum() == pytest.approx(100)


def test_shares_sum_to_one_with_seed_and_residual():
    """On a full factorial they are the sums of squares of statsmodels over the total."""
    frame = factorial()
    table = shares(frame, "y", every_term(["f", "g", "h"]), block="seed").set_index("term")
    assert table["share"].sum() == pytest.approx(1) and not table["ordered"].any()
    theirs = anova_lm(smf.ols("y ~ C(f) * C(g) * C(h) + C(seed)", frame).fit(), typ=2)["sum_sq"]
    theirs.index = theirs.index.str.replace(r"C\((\w+)\)", r"\1", regex=True)
    assert (theirs / theirs.sum()).to_dict() == pytest.approx(table["share"].to_dict())
    assert ((table["low"] <= table["high"]) & (table["high"] <= 1)).all()
    with_losses = shares(lost(frame), "y", every_term(["f", "g", "h"]), block="seed")
    assert with_losses["share"].sum() == pytest.approx(1) and with_losses["ordered"].all()
    sequential = anova_lm(smf.ols("y ~ C(seed) + C(f) * C(g) * C(h)", lost(frame).dropna()).fit(), typ=1)["sum_sq"]
    sequential.index = sequential.index.str.replace(r"C\((\w+)\)", r"\1", regex=True)
    assert (sequential / sequential.sum()).to_dict() == pytest.approx(with_losses.set_index("term")["share"].to_dict())


def test_shares_of_few_seeds_have_no_interval():
    table = shares(factorial(4), "y", every_term(["f", "g", "h"]), block="seed")
    assert table["low"].isna().all() and table["share"].notna().all()


def test_the_interval_of_a_share_is_the_bootstrap_over_seeds():
    """Refitted for each resample with numpy alone: the same 2000 draws, one factor of two levels."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(6, 2)) + np.array([0, 1.5])
    frame = pd.DataFrame(
        [(f, s, values[s, k]) for k, f in enumerate("ab") for s in range(6)], columns=["f", "seed", "y"]
    )
    row = shares(frame, "y", every_term(["f"]), block="seed").set_index("term").loc["f"]
    drawn = values[np.random.default_rng(0).integers(6, size=(2000, 6))]
    between = 6 * ((drawn.mean(axis=1) - drawn.mean(axis=(1, 2))[:, None]) ** 2).sum(axis=1)
    expected = between / ((drawn - drawn.mean(axis=(1, 2), keepdims=True)) ** 2).sum(axis=(1, 2))
    assert row[["low", "high"]].tolist() == pytest.approx(np.percentile(expected, [2.5, 97.5]).tolist())
