"""Runs that are not completed, as a table."""

from ablate.analysis import collect, tables

FACTORS = {"model": ["a", "b", "c", "d", "e", "f"]}


def test_failures_are_listed_with_their_last_line(make_study):
    runs = collect.collect(make_study({"baseline": {0: 0.5, 1: "failed", 2: None}}, {}))
    lost = tables.failures(runs)
    assert lost["Status"].tolist() == ["failed", "missing"]
    assert lost["Error"].tolist() == ["RuntimeError: out of memory", "—"]
    assert lost["Folder"].tolist() == ["baseline/seed=1", "baseline/seed=2"]
