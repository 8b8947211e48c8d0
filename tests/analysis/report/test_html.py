"""report.html is self-contained and holds the tables of the CSV files; browser/ tests its behavior."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pandas as pd
import pytest

from ablate.analysis.report.write import report, write_report
from ablate.analysis.sources.any_source import Asked, results

FACTORS = {"model": ["a", "b"], "norm": ["x", "y"]}
RESULTS = {"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "model=b": {0: 0.4, 1: 0.42, 2: 0.42}, "norm=y": {0: 0.6, 1: None}}


class Page(HTMLParser):
    """Parsed HTML: elements as (tag, attributes), and {name: rows of cells} of the tables."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.tables, self.rows, self.cell = [], {}, None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag == "table":
            self.rows = self.tables.setdefault(attributes.get("data-name", attributes.get("id")), [])
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


@pytest.fixture(scope="module")
def study(make_shared_study):
    folder = make_shared_study(RESULTS, FACTORS)
    assert report(folder, allow_partial=True) == 0
    return folder


def test_the_page_is_self_contained(study):
    page = Page((study / "report" / "report.html").read_text())
    links = [attributes.get("src") or attributes.get("href") for _, attributes in page.elements]
    links = [link for link in links if link]
    assert len(links) > 15
    assert all(link.startswith(("data:image/svg+xml;base64,", "#", "../")) for link in links)
    targets = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {link[1:] for link in links if link.startswith("#")} <= targets
    assert all(a["popovertarget"] in targets for _, a in page.elements if "popovertarget" in a)
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy and "http" not in policy and "script-src 'unsafe-inline'" not in policy
    folders = [study / "report" / unquote(link) for link in links if link.startswith("../")]
    assert [folder.exists() for folder in folders] == [True] * 7 + [False]  # the missing run


def test_tables_equal_the_csv_files(study):
    """The main table has its verdict next to the difference, and between them pictures, whose heading is an axis."""
    page = Page((study / "report" / "report.html").read_text())
    written = {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False)
               for path in (study / "report" / "tables").glob("*.csv")}  # fmt: skip
    assert set(written) == {"effects", "tests", "contrasts", "anova", "shares", "failures"}
    for name, table in written.items():
        header, *rows = page.tables[name]
        if name == "effects":
            variant, seeds, value, difference, *others = table.columns
            others.remove("Verdict")
            table = table[[variant, value, difference, "Verdict", seeds, *others]]
            assert header.pop(3).startswith("better →") and {row.pop(3) for row in rows} == {""}
        assert [text.removesuffix("?") for text in header] == list(table.columns) and rows == table.values.tolist()
    runs = page.tables["runs"]
    assert runs[0][:5] == ["Variant", "Seed", "Status", "Validation accuracy (%)", "Difference (points)"]
    assert len(runs) == 1 + 8 and runs[1][:5] == ["baseline", "0", "completed", "60.00", "—"]
    assert runs[5][:5] == ["model=b", "1", "completed", "42.00", "−19.00"]
    assert runs[1][-2:] == ["baseline/seed=0", "Retrainablate train"]


@pytest.mark.integration
@pytest.mark.parametrize(("rows", "filtered"), [(15, False), (16, True)])
def test_only_a_long_table_has_a_filter(make_study, rows, filtered):
    levels = [f"v{number}" for number in range(rows)]
    study = make_study({"baseline": {0: 0.5}} | {f"model={name}": {0: 0.6} for name in levels[1:]}, {"model": levels})
    report(study)
    page = Page((study / "report" / "report.html").read_text())
    fields = {attributes["data-table"] for _, attributes in page.elements if attributes.get("type") == "search"}
    assert ("effects" in fields) == filtered


def test_columns_without_a_value_are_left_out(tmp_path):
    """A table of runs has neither losses nor commands, and no learning curves."""
    path = tmp_path / "results.csv"
    lines = [f"{net},{seed},{value + seed / 100}" for net, value in (("a", 0.5), ("b", 0.8)) for seed in range(3)]
    path.write_text("\n".join(["net,seed,wer", *lines]))
    write_report(results(path, Asked(metric="wer", seed="seed", direction="min")))
    text = next(tmp_path.rglob("report.html")).read_text()
    page = Page(text)
    assert page.tables["runs"][0] == ["Variant", "Seed", "Status", "wer", "Difference"]
    assert "← better" in text and "better →" not in text and 'id="curves"' not in text


def test_names_are_not_markup(make_study):
    special = "<b>\"'&{{ x }}</script>"
    study = make_study({"baseline": {0: 0.5, 1: 0.6}, f"model={special}": {0: 0.4, 1: 0.3}}, {"model": ["a", special]})
    assert report(study) == 0
    text = (study / "report" / "report.html").read_text()
    page = Page(text)
    assert page.tables["effects"][2][0] == f"model={special}"
    assert special not in text and not re.search(r"<b>", text.split("<script>")[0])
