"""Lost runs and fractions: statsmodels, R, and the half fraction of Montgomery's filtration rate."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from patsy import dmatrix

from ablate.analysis.stats import contrasts
from tests.analysis.stats.designs import FILTRATION, effect, factorial, lost


def reference(frame: pd.DataFrame) -> pd.DataFrame:
    """statsmodels: cell means by treatment coding, a block for each seed; the contrasts from its predictions."""
    fit = smf.ols("y ~ C(f) * C(g) * C(h) + C(seed)", frame.dropna()).fit()
    cells = pd.DataFrame(itertools.product("abc", "uv", "xy"), columns=["f", "g", "h"]).assign(seed=0)
    design = fit.model.data.design_info if hasattr(fit.model.data, "design_info") else fit.model.data.model_spec
    rows = np.asarray(dmatrix(design, cells))
    changes = [("f", "a", "b"), ("f", "a", "c"), ("g", "u", "v"), ("h", "x", "y")]
    signs = {change: 1.0 * (cells[change[0]] == change[2]) - (cells[change[0]] == change[1]) for change in changes}
    weights = [signs[change] / (signs[change] == 1).sum() for change in changes]
    for one, other in sorted(itertools.combinations(changes, 2), key=lambda pair: (pair[0][0], pair[1][0])):
        if one[0] != other[0]:
            product = signs[one] * signs[other]
            weights.append(product / ((signs[one] == 1) & (signs[other] == 1)).sum())
    tests = [fit.t_test(weight.to_numpy() @ rows) for weight in weights]
    results = [(test.effect[0], test.tvalue[0, 0], float(test.pvalue), *test.conf_int()[0]) for test in tests]
    return pd.DataFrame(results, columns=["mean", "t", "p", "low", "high"])


@pytest.mark.parametrize(("count", "seed"), [(5, 2), (14, 3), (25, 4)])
def test_main_effects_and_interactions_with_lost_runs_are_statsmodels(count, seed):
    frame = lost(factorial(), count, seed)
    table = contrasts(frame, ["f", "g", "h"], "y")
    assert (table["method"] == "linear model").all() and (table["n"] == 6).all() and len(table) == 4 + 5
    assert table["df"].tolist() == [72 - count - 12 - 5] * 9  # without losses 72 - 12 cells - 5 blocks
    columns = ["mean", "t", "p", "low", "high"]
    np.testing.assert_allclose(table[columns], reference(frame)[columns], rtol=1e-7)


def test_five_lost_runs_of_seventy_two_cost_five_runs():
    """R 4: lm(y ~ f * g * h + seed), f=b and h=y; the interaction of f=c and g=v."""
    table = contrasts(lost(factorial()), ["f", "g", "h"], "y")
    assert table.loc[0, ["mean", "t"]].tolist() == pytest.approx([2.011360804, 26.13041229], rel=1e-8)
    assert table.loc[3, ["mean", "p"]].tolist() == pytest.approx([-0.1025624766, 0.10518836951], rel=1e-8)
    row = table[(table["level"] == "c") & (table["level_2"] == "v")].iloc[0]
    assert row[["mean", "t", "low"]].tolist() == pytest.approx([1.071394693, 6.959463714, 0.7621812736], rel=1e-8)
    assert (contrasts(factorial(), ["f", "g", "h"], "y")["method"] == "t over seeds").all()


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
    both = effect(contrasts(frame, ["A", "B", "C"], "y"), "B", "C")  # the difference of two differences
    assert both["aliases"] == "− A=+" and both["mean"] == pytest.approx(-2 * row["mean"])


def test_a_latin_square_has_the_main_effects_of_its_margins():
    """9 of the 27 combinations of three levels, two seeds; statsmodels gives the t of a treatment coding."""
    cells = [(f"a{a}", f"b{b}", f"d{(a + b) % 3}") for a in range(3) for b in range(3)]
    rng = np.random.default_rng(4)
    rows = [(*cell, seed, rng.normal() + 2 * seed + (cell[0] == "a2")) for seed in range(2) for cell in cells]
    frame = pd.DataFrame(rows, columns=["A", "B", "D", "seed", "y"])
    table = contrasts(frame, ["A", "B", "D"], "y")
    main = table[table["kind"] == "main"]
    fit = smf.ols("y ~ C(A) + C(B) + C(D) + C(seed)", frame).fit()
    assert (main["method"] == "linear model of a fraction").all() and (main["aliases"] == "").all()
    for row in main.itertuples():
        margin = frame.groupby(row.factor)["y"].mean()
        assert row.mean == pytest.approx(margin[row.level] - margin[f"{row.level[0]}0"])
        assert (row.t, row.df) == (pytest.approx(fit.tvalues[f"C({row.factor})[T.{row.level}]"]), fit.df_resid)
    assert not table.loc[table["kind"] == "interaction", "estimable"].any()  # partly aliased with main effects
