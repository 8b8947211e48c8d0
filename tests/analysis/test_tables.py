"""Effects in their form on paper."""

import numpy as np
import scipy.stats

from ablate.analysis import collect, tables
from ablate.analysis.effects import effects as compare
from ablate.analysis.formats import p_value

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
        "Not completed (runs)",
    ]
    assert shown.iloc[0].tolist() == [
        "baseline", "3", "60.00 ± 10.00", "—", "—", "—", "—", "1 k", "7.5", "baseline", "0"
    ]  # fmt: skip
    assert shown.iloc[1].tolist()[2:5] == ["62.00 ± 11.00", "+2.00 [−0.48, +4.48]", "0.148"]
    assert shown.iloc[2].tolist()[2:7] == ["50.00 ± 10.00", "−10.00 —", "—", "—", "0/3"]
    assert shown.iloc[3].tolist()[1:4] == ["1", "80.00 ± —", "+10.00 —"]
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
    found = compare(runs)
    assert found["mean"].idxmax() == 2 and tables.main(found, runs).strong == {1}


def test_diverged_runs_are_counted_with_their_interval(make_study):
    """1 of 3: Clopper-Pearson [0.84, 90.57 %] (R: binom.test(1, 3))."""
    results = {"baseline": {0: 0.7, 1: 0.71, 2: 0.72}, "model=b": {0: 0.74, 1: 0.75, 2: "diverged"}}
    runs = collect.collect(make_study(results, FACTORS))
    table = tables.diverged(compare(runs, chance=0.1), runs)
    assert table.cells.iloc[1].tolist() == ["model=b", "1/3 [1, 91 %]", "+4.00", "−18.00", "inconclusive"]
    assert table.cells.iloc[0, 1] == "0/3 [0, 71 %]" and table.variants == ("baseline", "model=b")


def test_what_needs_no_normal_distribution(make_study):
    """Five wins and a tie of six: P = 5.5 / 6. Of 64 signs, those of the five others: 2 of 32 are as extreme."""
    base = {seed: 0.5 for seed in range(6)}
    near = {seed: 0.5 + 0.001 * seed for seed in range(6)}
    runs = collect.collect(make_study({"baseline": base, "model=b": near, "model=c": {9: 0.5}}, FACTORS))
    found = tables.further_tests(compare(runs, margin=1.0), runs)
    assert found.index.tolist() == ["model=b"]
    row = found.loc["model=b"].tolist()
    assert row[:2] == ["model=b", "6"] and row[2].startswith("0.92 [") and row[3] == "0.062"
    t = (0.01 - 0.0025) / (np.std(list(near.values()), ddof=1) / np.sqrt(6))
    assert row[4] == p_value(scipy.stats.t.sf(t, 5))


def test_the_main_table_says_what_its_verdicts_mean(runs, effects):
    assert "is below 0.05, inconclusive if nothing is shown" in tables.main(effects, runs).note
    assert "within ±1.5 points, inconclusive if" in tables.main(effects, runs, 1.5).note
