"""The main table: effects in their form on paper."""

from ablate.analysis import collect, tables
from ablate.analysis.effects import effects as compare
from ablate.analysis.metric_format import MetricFormat
from ablate.runs.metric import Metric

FACTORS = {"model": ["a", "b", "c", "d", "e", "f"]}


def test_display_is_in_per_cent_and_points(runs, effects):
    shown = tables.display(effects, runs)
    assert shown.columns.tolist() == [
        "Variant",
        "n (seeds)",
        "Validation accuracy (%), mean ± SD",
        "Difference (points) [95 % CI]",
        "p (Holm)",
        "Verdict",
        "g_z",
        "Wins",
        "Parameters",
        "Time (s), median",
        "Lost or at chance (runs)",
    ]
    assert shown.iloc[0].tolist() == [
        "baseline", "3", "60.00 ± 10.00", "—", "—", "baseline", "—", "—", "1 k", "7.5", "0"
    ]  # fmt: skip
    assert shown.iloc[1].tolist()[2:5] == ["62.00 ± 11.00", "+2.00 [−0.48, +4.48]", "0.371"]
    assert shown.iloc[2].tolist()[2:8] == ["50.00 ± 10.00", "−10.00 —", "—", "not testable", "—", "0/3"]
    assert shown.iloc[3].tolist()[1:4] == ["1†", "80.00", "+10.00 —"]
    assert shown.iloc[4].tolist() == ["model=e", "0", *["—"] * 3, "not testable", *["—"] * 4, "2 diverged, 1 missing"]


def test_bold_is_what_is_shown_to_be_better_not_the_highest_mean(make_study):
    results = {
        "baseline": {0: 0.5, 1: 0.6, 2: 0.7},
        "model=b": {0: 0.6, 1: 0.701, 2: 0.802},
        "model=c": {0: 0.2, 1: 0.95, 2: 0.99},
    }
    runs = collect.collect(make_study(results, FACTORS))
    result = compare(runs)
    assert result["mean"].idxmax() == 2 and tables.main(result, runs).strong == {1}


def test_the_main_table_says_what_its_verdicts_mean(runs, effects):
    note = tables.main(effects, runs).note
    assert "the 5 planned variants" in note and "Equivalent" not in note and "Not testable: fewer than two" in note
    assert "within ±1.5 points" in tables.main(effects, runs, MetricFormat(Metric(margin=1.5))).note


def test_columns_are_explained_where_they_stand(runs, effects):
    table = tables.main(effects, runs)
    assert set(table.explained) <= set(table.cells.columns) and all(
        text in table.note for text in table.explained.values()
    )
    assert {"Verdict", "g_z", "Wins", "n (seeds)"} <= set(table.explained)


def test_equivalence_is_printed_with_its_own_interval(make_study):
    """Differences 0 and .1 points: mean .05, SD .0548; half of the 90 % interval 2.015 x .0548 / sqrt 6 = .045."""
    near = {seed: 0.9 + 0.001 * (seed % 2) for seed in range(6)}
    study = make_study({"baseline": dict.fromkeys(range(6), 0.9), "model=b": near, "model=c": {0: 0.5}}, FACTORS)
    runs = collect.collect(study)
    shown = tables.display(compare(runs, metric=Metric(margin=1.0)), runs)
    assert shown["Equivalence [90 % CI]"].tolist() == ["—", "[+0.00, +0.10], p < 0.001", "—"]
    assert "Equivalence [90 % CI]" not in tables.display(compare(runs), runs)
