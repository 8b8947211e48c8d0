"""report.md in the whole report: labels, order, figures, style and text in every output; hostile text ends nothing."""

import os

import pandas as pd
import pytest
from PIL import Image
from pypdf import PdfReader

from ablate.analysis.report.write import report
from ablate.terminal.errors import InputError

FACTORS = {"model": ["a", "b"], "norm": ["x", "y"]}
RESULTS = {"baseline": {0: 0.6, 1: 0.61}, "model=b": {0: 0.4, 1: 0.42}, "norm=y": {0: 0.6, 1: 0.63}}
TEXT = """---
labels: {model=b: 'Net <b> #B'}
order: [norm=y]
figures: [effects, confusion]
style: {font.family: DejaVu Serif}
---
# The <i>title</i> #t

Abstract.

## Related work

![A plot](plot.png)

Let $x^2$.

## conclusion

| a | b |
|---|---|
| *c* | #read("/etc/passwd") |
"""


@pytest.fixture(scope="module")
def folder(make_shared_study):
    study = make_shared_study(RESULTS, FACTORS)
    (study / "report.md").write_text(TEXT)
    Image.new("RGB", (40, 40), "red").save(study / "plot.png")
    assert report(study) == 0
    return study / "report"


def test_labels_and_order_are_those_of_all_outputs(folder):
    names = ["baseline", "norm=y", "Net <b> #B"]
    assert pd.read_csv(folder / "tables/effects.csv")["Variant"].tolist() == names
    assert pd.read_csv(folder / "effects.csv")["variant"].tolist() == ["baseline", "norm=y", "model=b"]
    runs = pd.read_csv(folder / "runs.csv")
    assert dict(zip(runs["variant"], runs["variant_label"], strict=True)) == dict(
        zip(["baseline", "norm=y", "model=b"], names, strict=True)
    )
    assert "Net &lt;b&gt; #B" in (folder / "report.html").read_text()
    assert "Net <b> #B" in (folder / "figures/effects.svg").read_text().replace("&lt;", "<").replace("&gt;", ">")


def test_the_text_is_in_both_reports(folder):
    page = (folder / "report.html").read_text()
    text = " ".join(" ".join(one.extract_text() for one in PdfReader(folder / "report.pdf").pages).split())
    for words in ("Abstract.", "Related work", "A plot"):
        assert words in page and words in text
    assert "<h1>The &lt;i&gt;title&lt;/i&gt; #t</h1>" in page and "The <i>title</i> #t" in text
    assert page.index("Abstract.") < page.index("Related work") < page.index("<h2>Methods")
    assert "<td>#read(&quot;/etc/passwd&quot;)</td>" in page and '#read("/etc/passwd")' in text
    assert len(list((folder / "images").iterdir())) == 2


def test_only_the_chosen_figures_are_in_the_pdf_and_the_font_is_the_author_s(folder, capsys):
    source = (folder / "report.typ").read_text()
    assert "figures/effects.svg" in source and source.count('image("figures/') == 1
    assert "loss_curves" in {path.stem for path in (folder / "figures").iterdir()}
    assert "DejaVuSerif" in (folder / "figures/effects.svg").read_text()


@pytest.mark.parametrize(
    "content",
    [b"---\nlabels: {x: y}\n---\n", b"---\nfigures: [x]\n---\n", b"---\nstyle: {x: y}\n---\n", b"---\na: *b\n---\n",
     b"\xff\xfe#", b"a" * (5 * 2**20)],
)  # fmt: skip
def test_a_report_md_that_cannot_be_used_is_refused_before_anything_is_written(make_study, content):
    study = make_study(RESULTS, FACTORS)
    (study / "report.md").write_bytes(content)
    before = sorted(os.listdir(study))
    with pytest.raises(InputError):
        report(study)
    assert sorted(os.listdir(study)) == before
