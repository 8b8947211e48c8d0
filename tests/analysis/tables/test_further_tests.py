"""Comparisons under other assumptions, as tables."""

import numpy as np

from ablate.analysis import collect, tables
from ablate.analysis.effects import effects as compare
from ablate.runs.metric import Metric

FACTORS = {"model": ["a", "b", "c", "d", "e", "f"]}


def test_diverged_runs_are_counted_with_their_interval(make_study):
    """1 of 3: Clopper-Pearson [0.84, 90.57 %] (R: binom.test(1, 3))."""
    results = {"baseline": {0: 0.7, 1: 0.71, 2: 0.72}, "model=b": {0: 0.74, 1: 0.75, 2: "diverged"}}
    runs = collect.collect(make_study(results, FACTORS))
    table = tables.diverged(compare(runs, chance=0.1), runs)
    assert table.cells.iloc[1].tolist() == [
        "model=b", "1/3 [1, 91 %]", "1.000", "+4.00", "not testable", "−18.00", "inconclusive"
    ]  # fmt: skip
    assert table.cells.iloc[0, 1] == "0/3 [0, 71 %]" and table.variants == ("baseline", "model=b")


def test_what_needs_no_normal_distribution(make_study):
    """Five wins and a tie of six: P = 5.5 / 6. Of 64 signs, those of the five others: 2 of 32 are as extreme."""
    base = {seed: 0.5 for seed in range(6)}
    near = {seed: 0.5 + 0.001 * seed for seed in range(6)}
    runs = collect.collect(make_study({"baseline": base, "model=b": near, "model=c": {9: 0.5}}, FACTORS))
    result = tables.further_tests(compare(runs, metric=Metric(margin=1.0)), runs)
    assert result.index.tolist() == ["model=b"]
    row = result.loc["model=b"].tolist()
    assert row[:2] == ["model=b", "6"] and row[2].startswith("0.92 [") and row[3] == "0.062"
    assert row[4] == "0.062"  # one variant: Holm changes nothing


def test_a_monte_carlo_p_is_labeled(make_study):
    seeds = {16: "p", 17: "p (Monte Carlo)"}
    for n, label in seeds.items():
        values = np.random.default_rng(0).uniform(0.4, 0.6, (2, n))
        results = {name: dict(enumerate(row)) for name, row in zip(("baseline", "model=b"), values, strict=True)}
        runs = collect.collect(make_study(results, FACTORS, name=f"n{n}"))
        cell = tables.further_tests(compare(runs), runs).iloc[0]["p, sign flips"]
        assert cell.endswith("(Monte Carlo)") == label.endswith("(Monte Carlo)")
