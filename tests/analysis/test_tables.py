"""Effects in their form on paper."""

import re

import pytest

from analysis import collect, tables
from analysis.effects import effects as compare

FACTORS = {"model": ["a", "b", "c", "d", "e", "f"]}


@pytest.fixture
def runs(make_study):
    """b: differences 1, 2, 3 points. c: 10 points lower. d: shares seed 2 alone. e: no result. f: shares no seed."""
    results = {
        "model=b": {0: 0.51, 1: 0.62, 2: 0.73},
        "baseline": {0: 0.5, 1: 0.6, 2: 0.7},
        "model=c": {0: 0.4, 1: 0.5, 2: 0.6},
        "model=d": {2: 0.8, 3: 0.9, 4: 0.1},
        "model=e": {0: "diverged", 1: None, 2: "diverged"},
        "model=f": {7: 0.5, 8: 0.7},
    }
    return collect.collect(make_study(results, FACTORS))


@pytest.fixture
def effects(runs):
    return compare(runs)


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
    assert shown.iloc[1].tolist()[2:5] == ["62.00 ± 11.00", "+2.00 [−0.48, +4.48]", "0.074"]
    assert shown.iloc[2].tolist()[2:7] == ["50.00 ± 10.00", "−10.00 —", "—", "—", "0/3"]
    assert shown.iloc[3].tolist()[1:4] == ["1", "80.00 ± —", "+10.00 —"]
    assert shown.iloc[4].tolist() == ["model=e", "0", *["—"] * 7, "not testable", "2 diverged, 1 missing"]


def test_failures_are_listed_with_their_last_line(make_study):
    runs = collect.collect(make_study({"baseline": {0: 0.5, 1: "failed", 2: None}}, {}))
    lost = tables.failures(runs)
    assert lost["Status"].tolist() == ["failed", "missing"]
    assert lost["Error"].tolist() == ["RuntimeError: out of memory", "—"]
    assert lost["Folder"].tolist() == ["baseline/seed=1", "baseline/seed=2"]


def test_notes_name_mixed_code_lost_pairs_and_lost_curves(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6, 2: "failed"}, "model=b": {0: 0.5, 1: 0.7, 2: 0.6}, "model=f": {7: 0.5}}
    study = make_study(results, FACTORS, code=lambda variant, seed: "abc" if seed else "xyz")
    (study / "model=b" / "seed=1" / "metrics.csv").unlink()
    runs = collect.collect(study)
    code, one, other, curves = tables.notes(runs, collect.curves(study, runs))
    assert "mixed code: xyz (2 runs), abc (4 runs)" in code
    assert one.startswith("model=b: 1 completed without a baseline run") and "left out" in one
    assert other.startswith("model=f: 1 completed") and "shows all" in other
    assert curves.startswith("1 completed runs have no whole metrics.csv")


def test_a_plain_study_needs_no_notes(make_study):
    study = make_study({"baseline": {0: 0.5}, "model=b": {0: 0.5}}, FACTORS)
    runs = collect.collect(study)
    assert tables.notes(runs, collect.curves(study, runs)) == []


def test_what_a_study_of_this_size_cannot_tell(make_study):
    results = {name: {0: 0.5 + x, 1: 0.6, 2: 0.7} for name, x in (("baseline", 0), ("model=b", 0.1), ("model=c", 0.2))}
    power, best = tables.limits(compare(collect.collect(make_study(results, FACTORS))))
    assert "With 3 seeds" in power and "over 2 comparisons" in power and "4.52 standard deviations" in power
    assert "highest of 3 means is too high by 0.85" in best  # 1.5 / sqrt(pi)
    one = compare(collect.collect(make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, FACTORS, name="one")))
    assert tables.limits(one) == []


SPECIAL = {"weight_decay": ["0", "5 %"], "a&b": ["#1", "$x^2~{y}\\z|<"]}


@pytest.fixture
def special(make_study):
    results = {
        "baseline": {0: 0.5, 1: 0.6},
        "weight_decay=5 %": {0: 0.4, 1: 0.3},
        f"a&b={SPECIAL['a&b'][1]}": {0: None},
    }
    runs = collect.collect(make_study(results, SPECIAL))
    return tables.display(compare(runs), runs)


def test_latex_is_escaped_and_balanced(special):
    text = tables.to_latex(special)
    assert r"weight\_decay=5 \%" in text
    assert r"a\&b=\$x\textasciicircum 2\textasciitilde \{y\}\textbackslash z$|$$<$" in text
    body = text.replace(r"\\", "").splitlines()
    assert [line for line in body if line.startswith(("\\", "Vari"))] == [
        r"\begin{tabular}{lllllllllll}",
        r"\toprule",
        next(line for line in body if line.startswith("Variant")),
        r"\midrule",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 4
    for row in rows:
        bare = re.sub(r"\\[&%$#_{}]", "", row)
        assert bare.count("&") == 10  # eleven columns
        assert bare.count("$") % 2 == 0 and bare.count("{") == bare.count("}")
        assert not re.search(r"[%#_^~±−—]", bare)
    assert r"n (seeds) & Validation accuracy (\%), mean $\pm$ SD & Difference (points) [95 \% CI]" in rows[0]


def test_markdown_keeps_its_columns_and_digits(special):
    table = tables.to_markdown(special.assign(p="0.030"))
    lines = table.splitlines()
    assert len(lines) == 2 + 3
    assert {re.sub(r"\\\|", "", line).count("|") for line in lines} == {13}
    assert table.count("0.030") == 3
