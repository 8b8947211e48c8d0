"""Effects in their form on paper."""

import numpy as np

from ablate.analysis import collect, tables
from ablate.analysis.effects import effects as compare

FACTORS = {"model": ["a", "b", "c", "d", "e", "f"]}


def test_display_is_in_per_cent_and_points(runs, effects):
    shown = tables.display(effects, runs)
    assert shown.columns.tolist() == [
        "Variant",
        "n (seeds)",
        "Validation accuracy (%), mean ± SD",
        "Difference (points) [95 % CI]",
        "p (Holm)",
        "g_z",
        "Wins",
        "Parameters",
        "Time (s), median",
        "Verdict",
        "Lost or at chance (runs)",
    ]
    assert shown.iloc[0].tolist() == [
        "baseline", "3", "60.00 ± 10.00", "—", "—", "—", "—", "1 k", "7.5", "baseline", "0"
    ]  # fmt: skip
    assert shown.iloc[1].tolist()[2:5] == ["62.00 ± 11.00", "+2.00 [−0.48, +4.48]", "0.371"]
    assert shown.iloc[2].tolist()[2:7] == ["50.00 ± 10.00", "−10.00 —", "—", "—", "0/3"]
    assert shown.iloc[3].tolist()[1:4] == ["1†", "80.00 ± —", "+10.00 —"]
    assert shown.iloc[4].tolist() == ["model=e", "0", *["—"] * 7, "not testable", "2 diverged, 1 missing"]


def test_failures_are_listed_with_their_last_line(make_study):
    runs = collect.collect(make_study({"baseline": {0: 0.5, 1: "failed", 2: None}}, {}))
    lost = tables.failures(runs)
    assert lost["Status"].tolist() == ["failed", "missing"]
    assert lost["Error"].tolist() == ["RuntimeError: out of memory", "—"]
    assert lost["Folder"].tolist() == ["baseline/seed=1", "baseline/seed=2"]


def test_bold_is_what_is_shown_to_be_better_not_the_highest_mean(make_study):
    results = {
        "baseline": {0: 0.5, 1: 0.6, 2: 0.7},
        "model=b": {0: 0.6, 1: 0.701, 2: 0.802},
        "model=c": {0: 0.2, 1: 0.95, 2: 0.99},
    }
    runs = collect.collect(make_study(results, FACTORS))
    result = compare(runs)
    assert result["mean"].idxmax() == 2 and tables.main(result, runs).strong == {1}


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
    result = tables.further_tests(compare(runs, margin=1.0), runs)
    assert result.index.tolist() == ["model=b"]
    row = result.loc["model=b"].tolist()
    assert row[:2] == ["model=b", "6"] and row[2].startswith("0.92 [") and row[3] == "0.062"
    assert row[4] == "0.062"  # one variant: Holm changes nothing


def test_the_main_table_says_what_its_verdicts_mean(runs, effects):
    note = tables.main(effects, runs).note
    assert "the 5 planned variants" in note and "Equivalent" not in note and "Not testable: fewer than two" in note
    assert "within ±1.5 points" in tables.main(effects, runs, 1.5).note


def test_equivalence_is_printed_with_its_own_interval(make_study):
    """Differences 0 and .1 points: mean .05, SD .0548; half of the 90 % interval 2.015 x .0548 / sqrt 6 = .045."""
    near = {seed: 0.9 + 0.001 * (seed % 2) for seed in range(6)}
    study = make_study({"baseline": dict.fromkeys(range(6), 0.9), "model=b": near, "model=c": {0: 0.5}}, FACTORS)
    runs = collect.collect(study)
    shown = tables.display(compare(runs, margin=1.0), runs)
    assert shown["Equivalence [90 % CI]"].tolist() == ["—", "[+0.00, +0.10], p < 0.001", "—"]
    assert "Equivalence [90 % CI]" not in tables.display(compare(runs), runs)


def test_a_monte_carlo_p_is_labeled(make_study):
    seeds = {16: "p", 17: "p (Monte Carlo)"}
    for n, label in seeds.items():
        values = np.random.default_rng(0).uniform(0.4, 0.6, (2, n))
        results = {name: dict(enumerate(row)) for name, row in zip(("baseline", "model=b"), values, strict=True)}
        runs = collect.collect(make_study(results, FACTORS, name=f"n{n}"))
        cell = tables.further_tests(compare(runs), runs).iloc[0]["p, sign flips"]
        assert cell.endswith("(Monte Carlo)") == label.endswith("(Monte Carlo)")
