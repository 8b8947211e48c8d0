"""Formatted numbers and tables: digits, escapes, columns."""

import re
from html import unescape

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from ablate.analysis import collect, tables
from ablate.analysis.effects import effects as compare
from ablate.analysis.formats import count, number, p_value, to_csv, to_markdown
from ablate.analysis.latex_table import to_latex
from ablate.terminal.text import printable

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


def test_markdown_keeps_its_columns_and_digits(special):
    table = to_markdown(special.assign(p="0.030"))
    lines = table.splitlines()
    assert len(lines) == 2 + 3
    assert {re.sub(r"\\\|", "", line).count("|") for line in lines} == {13}
    assert table.count("0.030") == 3


MARKUP = [
    *("<script>x</script>", "[x](http://e.vil)", "![x](y)", "[x][y]", "http://e.vil", "www.e.vil", "<http://e.vil>"),
    *("`c`", "**b**", "_i_", "~~s~~", "$x$", "&lt;", "a|b", "\\*", "a@e.vil", "a\nb", "# x", "\x1b[2J"),
]


@pytest.mark.parametrize("text", MARKUP)
def test_markdown_shows_a_name_as_it_is(text):
    html = MarkdownIt("commonmark").enable("table").render(to_markdown(pd.DataFrame({text: [text, text]})))
    assert set(re.findall(r"<(\w+)", html)) == {"table", "thead", "tbody", "tr", "th", "td"}
    assert [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", html)] == [printable(text)] * 3


@pytest.mark.parametrize("text", ["http://e.vil", "https://e.vil", "www.e.vil", "a@e.vil", "ftp://e.vil"])
def test_markdown_of_github_makes_no_link(text):
    """It links addresses in plain text, unless the sign that it searches for is escaped."""
    assert not re.search(r"[^\\]://|www\.|[^\\]@", to_markdown(pd.DataFrame({"x": [text]})))


def test_two_names_that_are_shown_alike_do_not_end_the_report():
    cells = pd.DataFrame([["1", "2", "3"]], columns=["Variant", "\x1b", r"\x1b"])
    assert to_latex(cells, frozenset({0})).count(r"\textbackslash{}x1b") == 2
    assert to_markdown(cells).count(r"\\x1b") == 2 and to_csv(cells).startswith("Variant,\\x1b,\\x1b\n")


def test_csv_has_no_control_characters():
    frame = pd.DataFrame({"error": ["a\x1b[2J\rb\nc", None], "n": [1, 2], "seed": [1.5, None]})
    assert to_csv(frame) == 'error,n,seed\n"a\\x1b[2J\nb\nc",1,1.5\n,2,\n'


def test_bold_rows(special):
    assert to_markdown(special, frozenset({1})).splitlines()[3].startswith("| **weight_decay=5 %** ")


def test_numbers():
    assert [number(-1.234), number(2, 1, "+"), number(float("nan"))] == ["−1.23", "+2.0", "—"]
    assert [count(999), count(553_082), count(1_234_567), count(None)] == ["999", "553 k", "1.23 M", "—"]
    assert [p_value(0.0004), p_value(0.03)] == ["< 0.001", "0.030"]


def test_a_number_that_rounds_to_zero_has_no_minus_sign():
    assert number(-0.001, 2, "+") == "+0.00" and number(-0.0) == "0.00" and number(-0.01, 2) == "−0.01"
