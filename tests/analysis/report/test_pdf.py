"""The two-page report, compiled by Typst."""

import random

import pandas as pd
import pytest
import typst
from pypdf import PdfReader

from ablate.analysis import collect
from ablate.analysis.effects import effects as compare
from ablate.analysis.report import verdict_sentences
from ablate.analysis.report.write import report

FACTORS = {"model": ["a", "b"], "norm": ["x", "y"]}
RESULTS = {"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "model=b": {0: 0.4, 1: 0.42, 2: 0.42}, "norm=y": {0: 0.6, 1: None}}


def pages(study) -> int:
    images = typst.compile(study / "report" / "report.typ", format="png", ppi=20)
    return len(images) if isinstance(images, list) else 1


def test_two_pages_with_the_text_of_the_author(make_study):
    study = make_study(RESULTS, FACTORS)
    report(study)
    assert (study / "report" / "report.pdf").read_bytes().startswith(b"%PDF") and pages(study) <= 2
    text = (study / "report.md").read_text()
    assert text.splitlines()[1] == "# study" and "## Introduction" in text
    text = text.replace("# study", "# On *norms*").replace("## Conclusion", "## Conclusion\nMine #1.")
    (study / "report.md").write_text(text)
    report(study)
    assert (study / "report.md").read_text() == text
    typ = (study / "report" / "report.typ").read_text()
    assert 'text(14pt, weight: "bold", "On *norms*")' in typ and '#"Mine #1."' in typ


def test_smaller_figures_fill_the_first_page_if_the_curves_do_not_fit(make_study):
    accuracy = {"baseline": 0.6, "model=b": 0.5, "norm=y": 0.55, "model=b+norm=y": 0.52}
    study = make_study(
        {name: {seed: mean + seed / 100 for seed in range(3)} for name, mean in accuracy.items()}, FACTORS
    )
    (study / "report.md").write_text("# study\n\n## Introduction\n" + 20 * "Too long for the curves. ")
    report(study)
    pdf = PdfReader(study / "report" / "report.pdf").pages
    first, second = (page.extract_text().replace("\N{NO-BREAK SPACE}", " ") for page in pdf)
    assert "Figure 2: Loss on" in second and "Figure 3: Accuracy on" in second
    assert "Figure 4: Interactions" in first and "Figure 5: Shares of" in first


def test_the_verdicts_are_sentences_with_their_numbers(make_study):
    runs = collect.collect(make_study(RESULTS, FACTORS))
    worse, untested = verdict_sentences.verdicts(compare(runs), runs)
    # Differences of -20, -19 and -21 points: mean -20, half width 4.302653 / sqrt(3) = 2.484.
    assert worse == ("Worse than the baseline: model=b (−20.0 points, 95 % CI −22.5 to −17.5, n = 3, Holm p 0.002).")
    assert untested == "Not testable (fewer than two shared seeds, or all differences equal): norm=y."


@pytest.mark.parametrize("count", [1, 2, pytest.param(60, marks=pytest.mark.integration)])
def test_any_number_of_variants_fits_two_pages(make_study, count):
    draw = random.Random(0)
    levels = [f"a_rather_long_name_of_level_{number}" for number in range(count)]
    names = ["baseline", *(f"model={level}" for level in levels[1:])]
    study = make_study({name: {seed: draw.random() for seed in range(3)} for name in names}, {"model": levels})
    assert report(study) == 0
    assert pages(study) <= 2
    if count == 60:
        assert "45 more variants in effects.csv" in (study / "report" / "report.typ").read_text()


def test_names_are_not_markup(make_study):
    special = '_&%#$<x>@"*`[\\]~//'
    study = make_study({"baseline": {0: 0.5, 1: 0.6}, f"model={special}": {0: 0.4, 1: 0.3}}, {"model": ["a", special]})
    assert report(study) == 0 and pages(study) <= 2


def test_a_study_without_completed_runs_has_a_report(make_study):
    study = make_study({"baseline": {0: "failed"}, "model=b": {0: "diverged"}}, FACTORS)
    assert report(study) == 1 and pages(study) <= 2
    assert pd.read_csv(study / "report" / "effects.csv")["verdict"].tolist() == ["baseline", "not testable"]
