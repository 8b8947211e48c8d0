"""report.html is self-contained and holds the tables of the CSV files; test_browser.py tests its behavior."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pandas as pd
import pytest

from ablate.analysis.report.write import report

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
            self.rows = self.tables.setdefault(attributes["data-name"], [])
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
    assert len(links) > 20
    assert all(link.startswith(("data:image/svg+xml;base64,", "#", "../")) for link in links)
    targets = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {link[1:] for link in links if link.startswith("#")} <= targets
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy and "http" not in policy
    folders = [study / "report" / unquote(link) for link in links if link.startswith("../")]
    assert [folder.exists() for folder in folders] == [True] * 7 + [False]  # the missing run


def test_tables_equal_the_csv_files(study):
    page = Page((study / "report" / "report.html").read_text())
    written = {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False)
               for path in (study / "report" / "tables").glob("*.csv")}  # fmt: skip
    assert set(written) == {"effects", "tests", "contrasts", "anova", "shares", "failures"}
    for name, table in written.items():
        header, *rows = page.tables[name]
        assert header == list(table.columns) and rows == table.values.tolist()
    runs = page.tables["runs"]
    assert len(runs) == 1 + 8 and runs[1][:4] == ["baseline", "0", "completed", "60.00"]
    assert runs[1][-2:] == ["baseline/seed=0", "ablate train"]


def test_names_are_not_markup(make_study):
    special = "<b>\"'&{{ x }}</script>"
    study = make_study({"baseline": {0: 0.5, 1: 0.6}, f"model={special}": {0: 0.4, 1: 0.3}}, {"model": ["a", special]})
    assert report(study) == 0
    text = (study / "report" / "report.html").read_text()
    page = Page(text)
    assert page.tables["effects"][2][0] == f"model={special}"
    assert special not in text and not re.search(r"<b>", text.split("<script>")[0])
