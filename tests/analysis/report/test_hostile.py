"""Untrusted studies: names are never interpreted as HTML, LaTeX or Typst, and never cause a traceback."""

import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import collect
from ablate.analysis.report.write import report
from ablate.api.run import Run
from ablate.api.study import Report, Study
from ablate.api.watch_view import View
from ablate.study.live_view import FolderView
from tests.analysis.report.test_html import Page

HOSTILE = [
    *("<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", '"onmouseover="alert(1)'),
    *(r"\input{/etc/passwd}", '#read("/etc/passwd")', '"#read("/etc/passwd")', "{{ x }}%$&_^~", "$\\alpha$ $"),
]


@pytest.fixture(scope="module")
def study(make_shared_study):
    """A study with hostile names everywhere: study, levels, classes, error, commands."""
    results = {"baseline": {0: 0.5, 1: 0.6, 2: 0.55}}
    results |= {f"model={name}": {0: 0.4, 1: 0.35, 2: 0.45} for name in HOSTILE}
    results["model=failed"] = {0: "failed"}
    folder = make_shared_study(results, {"model": ["a", *HOSTILE, "failed"]})
    plan = json.loads((folder / "study.json").read_text())
    (folder / "study.json").write_text(json.dumps({**plan, "name": "".join(HOSTILE), "command": HOSTILE[0]}))
    for run in plan["runs"]:
        path = folder / run["folder"] / "run.json"
        record = json.loads(path.read_text()) | {"classes": HOSTILE[:2], "rerun": HOSTILE[1]}
        record |= {"error": "".join(HOSTILE)} if record["status"] == "failed" else {}
        path.write_text(json.dumps(record))
        logits = np.eye(2, dtype=np.float16)[[0, 1, run["seed"] % 2, 1]]
        np.savez(path.with_name("val_predictions.npz"), label=[0, 1, 0, 1], logits=logits, index=range(4))
    assert report(folder, allow_partial=True) == 0
    return folder / "report"


@pytest.mark.integration
def test_names_are_text_in_html(study):
    text = (study / "report.html").read_text()
    page = Page(text)
    assert [tag for tag, _ in page.elements].count("script") == 2  # curve data, and the page's own
    assert not [a for _, a in page.elements if any(key.startswith("on") for key in a)]
    assert {a["src"].partition(":")[0] for tag, a in page.elements if tag == "img"} == {"data"}
    assert not any(name in text for name in HOSTILE[:3])
    assert {f"model={name}" for name in HOSTILE} <= {row[0] for row in page.tables["effects"]}


class Tags(HTMLParser):
    """The tags of a piece of HTML, and the names of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.names |= {tag, *(name for name, _ in attributes)}


def test_names_are_text_in_notebooks(study):
    folder = study.parent
    tables = [Study(folder), Report(study), Run(folder / "baseline/seed=0")]
    for view in [*tables, View(FolderView(folder)()), Study(folder).runs, Study(folder).effects]:
        names = Tags(view._repr_html_()).names
        assert not names & {"script", "img", "onerror", "onmouseover"}, names
    # The class with which pandas keeps formulas out of its tables.
    assert all("mathjax_ignore" in view._repr_html_() for view in tables)


def test_names_are_text_in_latex(study):
    for path in [*(study / "tables").glob("*.tex"), study / "numbers.tex"]:
        lines = path.read_text().splitlines()
        assert not [line for line in lines if r"\input" in line and not line.startswith("%")]
        assert not [line for line in lines if re.search(r"(?<!\\)#(?![12])", line)]
    table = (study / "tables" / "effects.tex").read_text().replace(r"\allowbreak{}", "")
    assert r"\textbackslash{}input\{/etc/passwd\}" in table and r"\#read" in table


def test_names_are_strings_in_typst(study):
    source = (study / "report.typ").read_text()
    outside = re.sub(r'"(?:\\.|[^"\\])*"', '""', source)
    assert "passwd" in source and "passwd" not in outside and "#read" not in outside
    assert (study / "report.pdf").stat().st_size > 1000


@pytest.mark.parametrize("metrics", [{"seed": 1.0, "variant": 2.0, "model": 3.0}, {"val_loss": math.inf}])
def test_metrics_cannot_overwrite_columns(make_study, metrics):
    study = make_study({"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.4, 1: 0.3}}, {"model": ["a", "b"]})
    path = study / "baseline/seed=0/run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"metrics": record["metrics"] | metrics}))
    runs = collect.collect(study)
    assert runs["variant"].tolist() == ["baseline", "baseline", "model=b", "model=b"]
    assert runs["seed"].tolist() == [0, 1, 0, 1] and runs["model"].tolist() == ["a", "a", "b", "b"]
    assert report(study) == 0 and len(pd.read_csv(study / "report/runs.csv")) == 4
