"""Formatted numbers and tables: digits, escapes, columns."""

import re

import pytest

from ablate.analysis import collect, tables
from ablate.analysis.effects import effects as compare
from ablate.analysis.formats import count, number, p_value, plural, to_latex, to_markdown

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


def test_latex_is_escaped_and_has_balanced_braces(special):
    text = to_latex(special)
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
        unescaped = re.sub(r"\\[&%$#_{}]", "", row)
        assert unescaped.count("&") == 10  # eleven columns
        assert unescaped.count("$") % 2 == 0 and unescaped.count("{") == unescaped.count("}")
        assert not re.search(r"[%#_^~±−—]", unescaped)
    assert r"n (seeds) & Validation accuracy (\%), mean $\pm$ SD & Difference (points) [95 \% CI]" in rows[0]


def test_markdown_keeps_its_columns_and_digits(special):
    table = to_markdown(special.assign(p="0.030"))
    lines = table.splitlines()
    assert len(lines) == 2 + 3
    assert {re.sub(r"\\\|", "", line).count("|") for line in lines} == {13}
    assert table.count("0.030") == 3


def test_bold_rows(special):
    assert to_markdown(special, frozenset({1})).splitlines()[3].startswith("| **weight_decay=5 %** ")
    assert r"\textbf{weight\_decay=5 \%} &" in to_latex(special, frozenset({1}))
    assert "textbf" not in to_latex(special)


def test_numbers():
    assert [number(-1.234), number(2, 1, "+"), number(float("nan"))] == ["−1.23", "+2.0", "—"]
    assert [count(999), count(553_082), count(1_234_567), count(None)] == ["999", "553 k", "1.23 M", "—"]
    assert [p_value(0.0004), p_value(0.03)] == ["< 0.001", "0.030"]
    assert [plural(1, "seed"), plural(0, "seed"), plural(2, "seed")] == ["1 seed", "0 seeds", "2 seeds"]
