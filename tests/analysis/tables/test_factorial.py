"""Main effects, interactions, analysis of variance and shares, as text."""

import math

import pandas as pd

from ablate.analysis import stats
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.tables import factorial
from ablate.runs.metric import Metric

TERMS = stats.every_term(["model", "norm"])


def runs(response, seeds: int = 3) -> pd.DataFrame:
    """A study of model=a,b x norm=none,batch; the response is that of (model is b, norm is batch, seed)."""
    rows = [
        {"model": "ab"[b], "norm": ("none", "batch")[n], "seed": seed, "val_accuracy": response(b, n, seed)}
        for b in (0, 1) for n in (0, 1) for seed in range(seeds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def crossed(b: int, n: int, seed: int) -> float:
    """Model b adds 2, 4 and 6 points; batch norm 1 point; both together 10 points more."""
    return 0.5 + 0.02 * (seed + 1) * b + 0.01 * n + 0.1 * b * n


def contrasts(frame: pd.DataFrame) -> pd.DataFrame:
    effects = stats.contrasts(frame, ["model", "norm"])
    return effects.assign(p_holm=stats.holm(effects["p"]))


def test_effects_are_named_and_in_points():
    """Model: 7, 9 and 11 points; 9 ± t(0.975, 2) · 2/√3 = 9 ± 4.9683. R: t.test(c(7, 9, 11))."""
    table = factorial.contrasts(contrasts(runs(crossed)))
    assert table["Effect"].tolist() == ["model=b", "norm=batch", "model=b × norm=batch"]
    assert table["Kind"].tolist() == ["main", "main", "interaction"]
    assert table.loc[0, "Difference (points) [95 % CI]"] == "+9.00 [+4.03, +13.97]"
    assert table.loc[2, "Difference (points) [95 % CI]"].startswith("+10.00 ")
    assert table["n (seeds)"].tolist() == ["3"] * 3 and table["df"].tolist() == ["2"] * 3
    assert table["Method"].tolist() == ["t over seeds"] * 3


def test_the_unit_and_decimals_are_those_of_the_metric():
    loss = MetricFormat(Metric(name="loss", direction="min", unit="", scale=1.0), digits=3)
    table = factorial.contrasts(contrasts(runs(crossed)), loss)
    assert table.loc[0, "Difference [95 % CI]"] == "+0.090 [+0.040, +0.140]"
    variance = factorial.anova(stats.anova(runs(crossed), "val_accuracy", TERMS, block="seed").assign(p_holm=0.5), loss)
    assert "Sum of squares" in variance.columns and variance.loc[0, "Sum of squares"] == "0.02430"  # 3 · 0.09²


def test_a_lost_run_is_noted_and_an_effect_that_cannot_be_estimated_has_dashes():
    frame = runs(crossed)
    assert factorial.contrasts_note(contrasts(frame)) == factorial.CONTRASTS_NOTE
    frame.loc[0, "val_accuracy"] = math.nan
    assert "runs were lost" in factorial.contrasts_note(contrasts(frame))
    frame.loc[(frame["model"] == "b") & (frame["norm"] == "batch"), "val_accuracy"] = math.nan
    row = factorial.contrasts(contrasts(frame)).iloc[2]
    assert row.tolist() == ["model=b × norm=batch", "interaction", "—", "—", "—", "—", "not estimable"]


def test_effects_that_a_fraction_cannot_separate_are_named():
    frame = runs(crossed)
    half = frame[(frame["model"] == "b") == (frame["norm"] == "batch")]
    effects = contrasts(half)
    table = factorial.contrasts(effects)
    assert table.loc[0, "Kind"] == "main, aliased" and "norm=batch" in table.loc[0, "Effect"]
    assert factorial.contrasts_note(effects).endswith(factorial.ALIASED_NOTE + factorial.HALF_NOTE)


def test_the_analysis_of_variance_is_in_squared_points():
    """12 runs, effects of two levels: the sum of squares is 3 d². Model: 3 · 9² = 243 points²."""
    variance = stats.anova(runs(crossed), "val_accuracy", TERMS, block="seed")
    table = factorial.anova(variance.assign(p_holm=variance["p"])).set_index("Term")
    assert table.loc["model", "Sum of squares (points²)"] == "243.00"
    assert table.loc["norm", "Sum of squares (points²)"] == "108.00"  # 3 · 6²
    assert table.loc["model × norm", "Sum of squares (points²)"] == "75.00"  # 3 · 5²
    assert table.loc["model", "df"] == "1" and table.loc["seed", "df"] == "2"


def test_shares_are_in_percent_with_intervals_from_five_seeds_on():
    few, many = (stats.shares(runs(crossed, seeds), "val_accuracy", TERMS, block="seed") for seeds in (3, 6))
    table = factorial.shares(few)
    assert abs(sum(map(float, table["Share (%)"])) - 100) < 0.3  # of five rounded numbers
    assert table["95 % CI"].tolist() == ["—"] * len(table) and "need five seeds" in factorial.shares_note(few)
    assert "bootstrap over seeds" in factorial.shares_note(many) and "not orthogonal" not in factorial.shares_note(many)
    low, high = (
        float(text) for text in factorial.shares(many).set_index("Term").loc["model", "95 % CI"].strip("[]").split(", ")
    )
    assert 0 <= low < 100 * many.set_index("term").loc["model", "share"] < high <= 100


def test_shares_of_a_study_that_lost_runs_depend_on_the_order_and_say_so():
    frame = runs(crossed)
    frame.loc[0, "val_accuracy"] = math.nan
    assert "not orthogonal" in factorial.shares_note(stats.shares(frame, "val_accuracy", TERMS, block="seed"))
