"""Effects and verdicts by hand."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from ablate.analysis import collect
from ablate.analysis.effects import COLUMNS as WRITTEN
from ablate.analysis.effects import effects as compare
from ablate.analysis.effects import most_different
from ablate.runs.metric import Metric

FACTORS = {"model": ["a", "b", "c"]}
COLUMNS = """variant n mean sd baseline_mean difference ci_low ci_high p p_holm equivalence_low
equivalence_high p_equivalence p_equivalence_holm hedges_gz wins diverged ended holes verdict"""


def test_columns_and_order_are_the_contract(effects):
    assert WRITTEN == COLUMNS.split() == list(effects.columns)[: len(WRITTEN)]
    assert effects["variant"].tolist() == ["baseline", "model=b", "model=c", "model=d", "model=e", "model=f"]
    assert effects["verdict"].tolist() == ["baseline", "inconclusive", *["not testable"] * 3, "inconclusive"]
    assert effects["diverged"].tolist() == [0, 0, 0, 0, 2, 0]
    assert effects["ended"].tolist() == [3, 3, 3, 3, 2, 2] and effects["holes"].tolist() == [0, 0, 0, 0, 1, 0]


def test_the_baseline_is_compared_with_nothing(effects):
    row = effects.iloc[0]
    assert (row["n"], row["mean"], row["sd"], row["baseline_mean"]) == pytest.approx((3, 0.6, 0.1, 0.6))
    assert row[["difference", "ci_low", "p", "p_holm", "hedges_gz", "wins"]].isna().all()


def test_a_testable_variant_by_hand(effects):
    """Differences of 1, 2, 3 points; five variants were planned, whatever became of them: p times five."""
    row = effects.iloc[1]
    half = 4.302653 / math.sqrt(3)
    assert (row["n"], row["wins"]) == (3, 3)
    assert (row["mean"], row["baseline_mean"], row["difference"]) == pytest.approx((0.62, 0.6, 2))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((2 - half, 2 + half), abs=1e-5)
    p = 1 - math.sqrt(12 / 14)
    assert (row["test"], row["p"], row["p_holm"]) == ("paired t", pytest.approx(p), pytest.approx(5 * p))
    assert row["hedges_gz"] == pytest.approx(2 / math.sqrt(math.pi))


def test_equal_differences_are_not_testable(effects):
    row = effects.iloc[2]
    assert (row["difference"], row["wins"]) == (pytest.approx(-10), 0)
    assert row[["ci_low", "ci_high", "p", "p_holm", "hedges_gz"]].isna().all()


def test_only_shared_seeds_count(effects):
    row = effects.iloc[3]
    assert (row["n"], row["mean"], row["baseline_mean"], row["difference"]) == pytest.approx((1, 0.8, 0.7, 10))
    assert math.isnan(row["sd"])  # of one seed, not 0


def test_without_a_shared_seed_the_test_is_welchs(effects):
    """Variances .02 / 2 and .01 / 3: standard error .11547, df .013333^2 / (.01^2 + .0033333^2 / 2) = 1.684."""
    nothing, alone = effects.iloc[4], effects.iloc[5]
    assert nothing["n"] == 0 and math.isnan(nothing["mean"]) and pd.isna(nothing["wins"])
    assert (alone["test"], alone["n"], alone["mean"], alone["baseline_mean"]) == (
        "Welch's t",
        2,
        *[pytest.approx(0.6)] * 2,
    )
    assert (alone["difference"], alone["p"]) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    half = 11.5470 * scipy.stats.t.ppf(0.975, 1.6842105)
    assert (alone["ci_low"], alone["ci_high"]) == pytest.approx((-half, half), rel=1e-4)
    assert alone[["hedges_gz", "wins", "p_equivalence"]].isna().all()


def test_verdicts_go_by_holm(make_study):
    """b and c are clear; d has p = .035 alone (t = 3 sqrt 3, 2 df), but is the third of four: its Holm p is .070."""
    base = {seed: 0.5 for seed in range(3)}
    shift = {"b": (0.2, 0.201, 0.202), "c": (-0.2, -0.201, -0.202), "d": (0.02, 0.03, 0.04), "e": (0.0, 0.1, 0.3)}
    results = {"baseline": base} | {f"model={k}": {s: 0.5 + d for s, d in enumerate(v)} for k, v in shift.items()}
    factors = {"model": ["a", "b", "c", "d", "e"]}
    study = make_study(results, factors)
    effects = compare(collect.collect(study)).set_index("variant")
    assert effects["verdict"].tolist() == ["baseline", "better", "worse", "inconclusive", "inconclusive"]
    p = 1 - math.sqrt(27 / 29)
    assert effects.loc["model=d", ["p", "p_holm"]].tolist() == pytest.approx([p, 2 * p])
    loose = compare(collect.collect(study), confidence=0.8).set_index("variant")
    assert loose.loc["model=d", "verdict"] == "better"


def test_a_difference_within_the_margin_is_equivalent_when_shown(make_study):
    near = {seed: 0.9 + 0.001 * (seed % 2) for seed in range(6)}
    study = make_study({"baseline": dict.fromkeys(range(6), 0.9), "model=b": near}, FACTORS)
    runs = collect.collect(study)
    assert compare(runs)["verdict"].tolist() == ["baseline", "inconclusive"]
    assert compare(runs, metric=Metric(margin=1.0))["verdict"].tolist() == ["baseline", "equivalent"]
    assert compare(runs, metric=Metric(margin=0.06))["verdict"].tolist() == ["baseline", "inconclusive"]


def test_the_margin_is_in_percentage_points(make_study):
    """Differences of 0.4, 0.5, 0.6 points, margin 1: t = (1 - 0.5) sqrt(3) / 0.1, 2 df, one-sided."""
    results = {"baseline": dict.fromkeys(range(3), 0.9), "model=b": {0: 0.904, 1: 0.905, 2: 0.906}}
    row = compare(collect.collect(make_study(results, FACTORS)), metric=Metric(margin=1.0)).iloc[1]
    assert row["p_equivalence"] == pytest.approx((1 - math.sqrt(75 / 77)) / 2, rel=1e-6)


def test_the_interval_of_all_together_is_wider_and_is_bonferronis(make_study):
    rng = np.random.default_rng(0)
    results = {name: dict(enumerate(rng.uniform(0.4, 0.6, 5))) for name in ("baseline", "model=b", "model=c")}
    table = compare(collect.collect(make_study(results, FACTORS)))
    strict = compare(collect.collect(make_study(results, FACTORS, name="again")), confidence=0.975)
    assert table["simultaneous_low"][1:].tolist() == pytest.approx(strict["ci_low"][1:].tolist())
    assert table["simultaneous_high"][1:].tolist() == pytest.approx(strict["ci_high"][1:].tolist())
    assert (table["simultaneous_high"][1:] > table["ci_high"][1:]).all()


BASE = {seed: 0.70 + 0.001 * seed for seed in range(6)}
BETTER = {seed: 0.72 + 0.0015 * seed for seed in range(5)} | {5: "diverged"}


def test_diverged_runs_that_would_change_the_verdict_make_it_inconclusive(make_study):
    runs = collect.collect(make_study({"baseline": BASE, "model=b": BETTER}, FACTORS))
    row = compare(runs, chance=0.1).iloc[1]
    assert (row["verdict"], row["reason"], row["verdict_converged"]) == ("inconclusive", "disagree", "better")
    assert row["verdict_at_chance"] == "inconclusive" and row["p_holm"] < 0.05
    assert row["n"] == 5 and row["difference"] == pytest.approx(2.1)  # nothing is imputed in what is printed


def test_without_a_known_chance_nothing_is_claimed_of_a_variant_with_diverged_runs(make_study):
    row = compare(collect.collect(make_study({"baseline": BASE, "model=b": BETTER}, FACTORS))).iloc[1]
    assert (row["verdict"], row["reason"]) == ("inconclusive", "chance unknown")
    assert row["verdict_at_chance"] == "" and math.isnan(row["difference_at_chance"])


def test_with_every_baseline_diverged_nothing_is_better(make_study):
    """3 of 3 against 0 of 3: Fisher's p is 2 / C(6, 3) = .1."""
    results = {"baseline": dict.fromkeys(range(3), "diverged"), "model=b": {0: 0.7, 1: 0.71, 2: 0.72}}
    row = compare(collect.collect(make_study(results, FACTORS)), chance=0.1).iloc[1]
    assert (row["verdict"], row["verdict_converged"], row["verdict_at_chance"]) == (
        "inconclusive",
        "not testable",
        "better",
    )
    assert row["difference_at_chance"] == pytest.approx(61) and row["p_divergence_holm"] == pytest.approx(0.1)


def test_five_of_five_against_none_of_five_diverges(make_study):
    whole, lost = dict(enumerate((0.7, 0.71, 0.73, 0.7, 0.72))), dict.fromkeys(range(5), "diverged")
    table = compare(collect.collect(make_study({"baseline": whole, "model=b": lost, "model=c": whole}, FACTORS)))
    assert table["verdict"].tolist() == ["baseline", "diverges", "not testable"]
    assert table["p_divergence_holm"][1] == pytest.approx(2 / 252)
    table = compare(collect.collect(make_study({"baseline": lost, "model=b": whole}, FACTORS, name="other")))
    assert table["verdict"].tolist() == ["baseline", "converges"]


def test_a_run_that_ends_at_chance_counts_as_diverged(make_study):
    whole = dict(enumerate((0.7, 0.71, 0.73, 0.7, 0.72)))
    results = {"baseline": whole, "model=b": dict.fromkeys(range(5), 0.1), "model=c": {**whole, 0: 0.1, 1: 0.72}}
    runs = collect.collect(make_study(results, FACTORS))
    runs["collapsed"] = runs["val_accuracy"] < 0.15
    table = compare(runs, chance=0.1)
    assert table["verdict"].tolist() == ["baseline", "diverges", "inconclusive"]
    assert table["diverged"].tolist() == [0, 5, 1] and table["n"].tolist() == [5, 5, 5]
    assert table["difference"][2] == pytest.approx((-60 + 1) / 5)  # its accuracy is a result, and stays


def test_missing_runs_are_holes_and_not_diverged(make_study):
    whole = dict(enumerate((0.7, 0.71, 0.73, 0.7, 0.72)))
    lost = {0: None, 1: "failed", 2: "interrupted", 3: None, 4: None}
    row = compare(collect.collect(make_study({"baseline": whole, "model=b": lost}, FACTORS)), chance=0.1).iloc[1]
    assert (row["verdict"], row["diverged"], row["ended"], row["holes"]) == ("not testable", 0, 0, 5)


def within(size: float, spread: float) -> dict[int, float]:
    """Eight seeds at `size` +- `spread` points above the baseline's .9."""
    return {seed: 0.9 + (size + spread * (-1) ** seed) / 100 for seed in range(8)}


def test_equivalence_is_a_claim_of_its_own_with_its_own_correction(make_study):
    """A TOST p of .03 is equivalent as the only planned variant, not as one of three."""
    level = dict.fromkeys(range(8), 0.9)
    spread = 1 / (scipy.stats.t.isf(0.03, 7) * math.sqrt(8 / 7) / math.sqrt(8))
    alone = compare(
        collect.collect(make_study({"baseline": level, "model=b": within(0, spread)}, FACTORS)),
        metric=Metric(margin=1.0),
    )
    assert alone["p_equivalence"][1] == pytest.approx(0.03) and alone["verdict"][1] == "equivalent"
    results = {"baseline": level, "model=b": within(0, spread), "model=c": {0: None}, "model=d": {0: "failed"}}
    table = compare(collect.collect(make_study(results, {"model": [*"abcd"]}, name="more")), metric=Metric(margin=1.0))
    assert table["p_equivalence_holm"][1] == pytest.approx(0.09) and table["verdict"][1] == "inconclusive"
    half = scipy.stats.t.ppf(0.95, 7) * spread * math.sqrt(8 / 7) / math.sqrt(8)
    interval = table.loc[1, ["equivalence_low", "equivalence_high"]].tolist()
    assert interval == pytest.approx([-half, half])  # 90 %


@pytest.mark.parametrize(("size", "verdict"), [(0.5, "better, within the margin"), (-0.5, "worse, within the margin")])
def test_both_claims_can_hold(make_study, size, verdict):
    results = {"baseline": dict.fromkeys(range(8), 0.9), "model=b": within(size, 0.1)}
    assert compare(collect.collect(make_study(results, FACTORS)), metric=Metric(margin=1.0))["verdict"][1] == verdict


def test_the_most_different_come_first(effects):
    """c -11, d +10, b +2, f 0, e unknown."""
    effects.loc[2, "difference"] = -11
    order = ["baseline", "model=c", "model=d", "model=b", "model=f", "model=e"]
    assert most_different(effects, 9) == order and most_different(effects, 3) == order[:3]


def test_equally_different_variants_keep_their_order():
    names = ["baseline", *(f"model={k}" for k in range(60))]
    table = pd.DataFrame({"variant": names, "difference": [math.nan, *[(-1.0) ** k * (k % 2 + 1) for k in range(60)]]})
    odd, even = ([f"model={k}" for k in range(start, 60, 2)] for start in (1, 0))
    assert most_different(table, 61) == ["baseline", *odd, *even]


def test_counts_are_written_as_whole_numbers(effects):
    """A variant without a shared seed has no number of wins, which must not turn the others into 2.0."""
    for name in ("n", "wins", "diverged", "ended", "holes"):
        assert "." not in effects[name].to_csv(index=False), name
