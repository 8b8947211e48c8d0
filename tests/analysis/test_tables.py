"""Effects by hand, and their form on paper."""

import math
import re

import pandas as pd
import pytest

from analysis import collect, tables

FACTORS = {"model": ["a", "b", "c", "d", "e", "f"]}
COLUMNS = "variant n mean sd baseline_mean difference_pp ci_low_pp ci_high_pp p p_holm hedges_gz wins failures verdict"


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
    return tables.effects(runs)


def test_columns_and_order_are_the_contract(effects):
    assert list(effects.columns) == COLUMNS.split()
    assert effects["variant"].tolist() == ["baseline", "model=b", "model=c", "model=d", "model=e", "model=f"]
    assert effects["verdict"].tolist() == ["baseline", "inconclusive", *["not testable"] * 4]
    assert effects["failures"].tolist() == [0, 0, 0, 0, 3, 0]


def test_the_baseline_is_compared_with_nothing(effects):
    row = effects.iloc[0]
    assert (row["n"], row["mean"], row["sd"], row["baseline_mean"]) == pytest.approx((3, 0.6, 0.1, 0.6))
    assert row[["difference_pp", "ci_low_pp", "p", "p_holm", "hedges_gz", "wins"]].isna().all()


def test_a_testable_variant_by_hand(effects):
    """Differences of 1, 2, 3 points; the only test, so Holm leaves p as it is."""
    row = effects.iloc[1]
    half = 4.302653 / math.sqrt(3)
    assert (row["n"], row["wins"]) == (3, 3)
    assert (row["mean"], row["baseline_mean"], row["difference_pp"]) == pytest.approx((0.62, 0.6, 2))
    assert (row["ci_low_pp"], row["ci_high_pp"]) == pytest.approx((2 - half, 2 + half), abs=1e-5)
    assert row["p"] == row["p_holm"] == pytest.approx(1 - math.sqrt(12 / 14))
    assert row["hedges_gz"] == pytest.approx(2 / math.sqrt(math.pi))


def test_equal_differences_are_not_testable(effects):
    row = effects.iloc[2]
    assert (row["difference_pp"], row["wins"]) == (pytest.approx(-10), 0)
    assert row[["ci_low_pp", "ci_high_pp", "p", "p_holm", "hedges_gz"]].isna().all()


def test_only_shared_seeds_count(effects):
    row = effects.iloc[3]
    assert (row["n"], row["mean"], row["baseline_mean"], row["difference_pp"]) == pytest.approx((1, 0.8, 0.7, 10))
    assert math.isnan(row["sd"])  # of one seed, not 0


def test_without_a_shared_seed_nothing_is_compared(effects):
    nothing, alone = effects.iloc[4], effects.iloc[5]
    assert nothing["n"] == 0 and math.isnan(nothing["mean"]) and pd.isna(nothing["wins"])
    assert (alone["n"], alone["mean"]) == (2, pytest.approx(0.6))
    assert alone[["baseline_mean", "difference_pp", "p", "wins"]].isna().all()


def test_verdicts_go_by_holm(make_study):
    """b and c are clear; d has p = .035 alone (t = 3 sqrt 3, 2 df), but is the third of four: its Holm p is .070."""
    base = {seed: 0.5 for seed in range(3)}
    shift = {"b": (0.2, 0.201, 0.202), "c": (-0.2, -0.201, -0.202), "d": (0.02, 0.03, 0.04), "e": (0.0, 0.1, 0.3)}
    results = {"baseline": base} | {f"model={k}": {s: 0.5 + d for s, d in enumerate(v)} for k, v in shift.items()}
    factors = {"model": ["a", "b", "c", "d", "e"]}
    study = make_study(results, factors)
    effects = tables.effects(collect.collect(study)).set_index("variant")
    assert effects["verdict"].tolist() == ["baseline", "better", "worse", "inconclusive", "inconclusive"]
    p = 1 - math.sqrt(27 / 29)
    assert effects.loc["model=d", ["p", "p_holm"]].tolist() == pytest.approx([p, 2 * p])
    loose = tables.effects(collect.collect(study), confidence=0.8).set_index("variant")
    assert loose.loc["model=d", "verdict"] == "better"


def test_display_is_in_per_cent_and_points(runs, effects):
    shown = tables.display(effects, runs)
    assert shown.columns.tolist() == [
        "Variant",
        "n (seeds)",
        "Validation accuracy (%), mean ± SD",
        "Difference (points) [95 % CI]",
        "p (Holm)",
        "Wins",
        "Verdict",
        "Not completed (runs)",
    ]
    assert shown.iloc[0].tolist() == ["baseline", "3", "60.00 ± 10.00", "—", "—", "—", "baseline", "0"]
    assert shown.iloc[1].tolist()[2:5] == ["62.00 ± 11.00", "+2.00 [−0.48, +4.48]", "0.074"]
    assert shown.iloc[2].tolist()[2:7] == ["50.00 ± 10.00", "−10.00 —", "—", "0/3", "not testable"]
    assert shown.iloc[3].tolist()[1:4] == ["1", "80.00 ± —", "+10.00 —"]
    assert shown.iloc[4].tolist() == ["model=e", "0", "—", "—", "—", "—", "not testable", "2 diverged, 1 missing"]


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


SPECIAL = {"weight_decay": ["0", "5 %"], "a&b": ["#1", "$x^2~{y}\\z|<"]}


@pytest.fixture
def special(make_study):
    results = {
        "baseline": {0: 0.5, 1: 0.6},
        "weight_decay=5 %": {0: 0.4, 1: 0.3},
        f"a&b={SPECIAL['a&b'][1]}": {0: None},
    }
    runs = collect.collect(make_study(results, SPECIAL))
    return tables.display(tables.effects(runs), runs)


def test_latex_is_escaped_and_balanced(special):
    text = tables.to_latex(special)
    assert r"weight\_decay=5 \%" in text
    assert r"a\&b=\$x\textasciicircum 2\textasciitilde \{y\}\textbackslash z$|$$<$" in text
    body = text.replace(r"\\", "").splitlines()
    assert [line for line in body if line.startswith(("\\", "Vari"))] == [
        r"\begin{tabular}{llllllll}",
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
        assert bare.count("&") == 7  # eight columns
        assert bare.count("$") % 2 == 0 and bare.count("{") == bare.count("}")
        assert not re.search(r"[%#_^~±−—]", bare)
    assert r"n (seeds) & Validation accuracy (\%), mean $\pm$ SD & Difference (points) [95 \% CI]" in rows[0]


def test_markdown_keeps_its_columns_and_digits(special):
    table = tables.to_markdown(special.assign(p="0.030"))
    lines = table.splitlines()
    assert len(lines) == 2 + 3
    assert {re.sub(r"\\\|", "", line).count("|") for line in lines} == {10}
    assert table.count("0.030") == 3
