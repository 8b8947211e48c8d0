"""Shapley values: the glove game, all orders by brute force, and Montgomery's filtration rate."""

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats as scipy_stats

from ablate.analysis.stats import attribution, contrasts, shapley
from tests.analysis.stats.designs import FILTRATION, lost


def over_all_orders(value, count: int) -> np.ndarray:
    """The definition: what each player adds to those before it, averaged over all orders."""
    added = np.zeros(count)
    orders = list(itertools.permutations(range(count)))
    for order in orders:
        before: frozenset[int] = frozenset()
        for player in order:
            added[player] += value(before | {player}) - value(before)
            before |= {player}
    return added / len(orders)


def cells(count: int, seeds: int, seed: int = 0) -> pd.DataFrame:
    """All cells of `count` two-level factors with interactions of any order."""
    rng = np.random.default_rng(seed)
    levels = list(itertools.product("01", repeat=count))
    means = rng.normal(size=len(levels))
    rows = [(*cell, s, means[k] + s + 0.1 * rng.normal()) for s in range(seeds) for k, cell in enumerate(levels)]
    return pd.DataFrame(rows, columns=[*(f"f{k}" for k in range(count)), "seed", "y"])


def test_the_glove_game():
    """One left glove, two right ones; a pair is worth 1."""
    worth = [float(bool(c & 1) and bool(c & 6)) for c in range(8)]
    assert shapley(worth) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_coalition_formula_is_the_average_over_all_orders(count):
    values = np.random.default_rng(count).normal(size=2**count)
    expected = over_all_orders(lambda players: values[sum(1 << player for player in players)], count)
    np.testing.assert_allclose(shapley(values), expected, atol=1e-12)


def test_values_per_seed_are_tested_over_the_seeds_and_sum_to_the_whole_difference():
    frame = cells(3, 5)
    names = ["f0", "f1", "f2"]
    table = attribution(frame, names, "y").set_index("factor")
    per_seed = []
    for _, rows in frame.groupby("seed"):
        known = rows.set_index(names)["y"]
        per_seed.append(over_all_orders(lambda on, known=known: known[tuple("01"[k in on] for k in range(3))], 3))
    for place, name in enumerate(names):
        values = np.array(per_seed)[:, place]
        reference = scipy_stats.ttest_1samp(values, 0)
        low, high = reference.confidence_interval()
        row = table.loc[name]
        assert (row["mean"], row["t"], row["p"]) == pytest.approx((values.mean(), *reference))
        assert (row["low"], row["high"], row["n"]) == (pytest.approx(low), pytest.approx(high), 5)
    wide = frame.pivot_table(index=names, columns="seed", values="y").mean(axis=1)
    whole = wide["1", "1", "1"] - wide["0", "0", "0"]
    assert table.loc["", "mean"] == pytest.approx(whole) and table["mean"][:3].sum() == pytest.approx(whole)
    assert table.loc["f1", "first"] == pytest.approx(wide["0", "1", "0"] - wide["0", "0", "0"])
    assert table.loc["f1", "last"] == pytest.approx(wide["1", "1", "1"] - wide["1", "0", "1"])


def test_lost_runs_cost_no_seed():
    frame = cells(3, 5)
    frame = lost(frame, 4)
    table = attribution(frame, ["f0", "f1", "f2"], "y")
    fit = smf.ols("y ~ C(f0) * C(f1) * C(f2) + C(seed)", frame.dropna()).fit()
    grid = pd.DataFrame(list(itertools.product("01", repeat=3)), columns=["f0", "f1", "f2"]).assign(seed=0)
    means = fit.predict(grid)
    expected = shapley([means[(grid[["f0", "f1", "f2"]] == [*f"{c:03b}"[::-1]]).all(axis=1)].iloc[0] for c in range(8)])
    np.testing.assert_allclose(table["mean"][:3], expected, rtol=1e-9)
    assert (table["method"] == "all cells").all() and (table["n"] == 5).all()
    assert table["df"][0] == 40 - 4 - 8 - 4 and table["low"].notna().all()


def test_montgomerys_factors_sum_to_abcd_minus_one():
    table = attribution(FILTRATION, ["A", "B", "C", "D"], "y")
    assert table["mean"].iloc[-1] == 96 - 45 and table["mean"][:4].sum() == pytest.approx(51)
    half = FILTRATION[(FILTRATION[["A", "B", "C", "D"]] == "+").sum(axis=1) % 2 == 0]
    of_half = attribution(half, ["A", "B", "C", "D"], "y")
    assert (of_half["method"] == "linear model").all()
    assert of_half["mean"].tolist() == pytest.approx([19.0, 1.5, 14.0, 16.5, 51.0])  # the main effects, and 96 - 45


def test_without_three_way_interactions_a_fraction_has_the_values_of_all_cells():
    """Resolution V, E = ABCD: Shapley values are main effects, in which each pair is shared equally."""
    rng = np.random.default_rng(3)
    main, pair = rng.normal(size=5), rng.normal(size=(5, 5))
    rows = []
    for cell in itertools.product((0, 1), repeat=5):
        y = main @ cell + sum(pair[i, k] * cell[i] * cell[k] for i, k in itertools.combinations(range(5), 2))
        rows += [(*map(str, cell), seed, y + 0.01 * rng.normal()) for seed in range(3)]
    frame = pd.DataFrame(rows, columns=[*"ABCDE", "seed", "y"])
    of_cells = attribution(frame, [*"ABCDE"], "y")
    fraction = frame[(frame[[*"ABCDE"]] == "1").sum(axis=1) % 2 == 0]
    of_fraction = attribution(fraction, [*"ABCDE"], "y")
    expected = main + [0.5 * sum(pair[min(i, k), max(i, k)] for k in range(5) if k != i) for i in range(5)]
    np.testing.assert_allclose(of_cells["mean"][:5], expected, atol=0.02)
    np.testing.assert_allclose(of_fraction["mean"][:5], expected, atol=0.02)
    single = contrasts(fraction, [*"ABCDE"], "y")
    np.testing.assert_allclose(of_fraction["low"][:5], single["low"][:5])
    total = of_fraction.iloc[-1]
    assert total["mean"] == pytest.approx(of_fraction["mean"][:5].sum())
    width = (single["high"] - single["low"])[:5]  # independent estimates: variances add up
    assert total["high"] - total["low"] == pytest.approx(np.sqrt((width**2).sum()))


@pytest.mark.parametrize("kept", [
    lambda ones: ones.sum(axis=1) % 2 == 1,  # C = AB with the sign of resolution III
    lambda ones: ones.sum(axis=1) <= 1,  # one at a time
])  # fmt: skip
def test_aliased_main_effects_give_no_values(kept):
    frame = cells(3, 3)
    assert attribution(frame[kept(frame[["f0", "f1", "f2"]] == "1")], ["f0", "f1", "f2"], "y") is None


def test_a_factor_of_three_levels_gives_no_values():
    frame = pd.DataFrame(list(itertools.product("abc", "uv", range(3))), columns=["f", "g", "seed"])
    assert attribution(frame.assign(y=range(18)), ["f", "g"], "y") is None
