"""The two-page report, compiled by Typst."""

import random
import re

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
    assert "# study" in text.splitlines()[:4] and "## Introduction" in text
    text = text.replace("# study", "# On *norms*").replace("## Conclusion", "## Conclusion\nMine #1.")
    (study / "report.md").write_text(text)
    report(study)
    assert (study / "report.md").read_text() == text
    typ = (study / "report" / "report.typ").read_text()
    assert 'text(15pt, weight: "bold", "On norms")' in typ and '#"Mine #1."' in typ


def text_of(study) -> list[str]:
    """The text of each page of report.pdf."""
    pages = PdfReader(study / "report" / "report.pdf").pages
    return [" ".join(page.extract_text().replace("\N{NO-BREAK SPACE}", " ").split()) for page in pages]


@pytest.mark.parametrize("words", [0, pytest.param(60, marks=pytest.mark.integration), 250])
@pytest.mark.integration
def test_figures_are_numbered_in_reading_order_and_the_foot_is_printed_once(make_study, words):
    accuracy = {"baseline": 0.6, "model=b": 0.5, "norm=y": 0.55, "model=b+norm=y": 0.52}
    study = make_study(
        {name: {seed: mean + seed / 100 for seed in range(3)} for name, mean in accuracy.items()}, FACTORS
    )
    (study / "report.md").write_text("# study\n\n## Introduction\n" + words * "A text of the author. ")
    report(study)
    pages = text_of(study)
    numbers = [int(number) for number in re.findall(r"Figure (\d+):", " ".join(pages))]
    assert numbers == [*range(1, len(numbers) + 1)] and len(numbers) > 2 and len(pages) <= 2
    assert [page.count("all numbers are in runs.csv") for page in pages] == [*[0] * (len(pages) - 1), 1]


def test_a_study_of_one_variant_has_its_accuracy_and_curves(make_study):
    study = make_study({"baseline": {0: 0.5, 1: 0.6, 2: 0.7}}, {})
    assert report(study) == 0
    text = " ".join(text_of(study))
    assert "60.00 ± 10.00" in text and "Figure 1: Loss, cross-entropy, on the training" in text
    assert "planned variant" not in text and "Difference from" not in text.replace("difference from", "")


@pytest.mark.integration
def test_a_study_of_one_epoch_has_no_curves(make_study):
    study = make_study({"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.8}}, FACTORS, epochs=1)
    assert report(study) == 0
    assert not list((study / "report/figures").glob("*curves*"))
    page = (study / "report/report.html").read_text()
    assert 'id="plots"' not in page and 'id="curves"' not in page and 'id="curve-data"' not in page


@pytest.mark.integration
def test_bold_and_the_dagger_are_explained_where_they_stand(make_study):
    results = {"baseline": {0: 0.6, 1: 0.61, 2: 0.63}, "model=b": {0: 0.8, 1: 0.7, 2: None}}
    study = make_study(results, FACTORS)
    report(study, allow_partial=True)
    text = " ".join(text_of(study))
    assert "†: compared over the seeds on which" in text and "Bold: better" not in text
    study = make_study({**results, "model=b": {0: 0.8, 1: 0.811, 2: 0.829}}, FACTORS, name="better")
    report(study)
    assert "Bold: better than the baseline." in " ".join(text_of(study))
    note = (study / "report/tables/effects.md").read_text()
    assert "g_z: Hedges' g" in note and "Wins: seeds on which" in note and "±: standard deviation" in note


def test_the_verdicts_are_sentences_with_their_numbers(make_study):
    runs = collect.collect(make_study(RESULTS, FACTORS))
    worse, untested = verdict_sentences.verdicts(compare(runs), runs)
    # Differences of -20, -19 and -21 points: mean -20, half width 4.302653 / sqrt(3) = 2.484.
    assert worse == ("Worse than the baseline: model=b (−20.0 points, 95 % CI −22.5 to −17.5, n = 3, Holm p 0.002).")
    assert untested == "Not testable, as there are fewer than two shared seeds: norm=y."


@pytest.mark.parametrize("count", [2, *(pytest.param(count, marks=pytest.mark.integration) for count in (1, 60))])
def test_any_number_of_variants_fits_two_pages(make_study, count):
    draw = random.Random(0)
    levels = [f"a_rather_long_name_of_level_{number}" for number in range(count)]
    names = ["baseline", *(f"model={level}" for level in levels[1:])]
    study = make_study({name: {seed: draw.random() for seed in range(3)} for name in names}, {"model": levels})
    assert report(study) == 0
    assert pages(study) <= 2
    if count == 60:
        assert "variants that differ less: report.html" in (study / "report" / "report.typ").read_text()


def test_names_are_not_markup(make_study):
    special = '_&%#$<x>@"*`[\\]~//'
    study = make_study({"baseline": {0: 0.5, 1: 0.6}, f"model={special}": {0: 0.4, 1: 0.3}}, {"model": ["a", special]})
    assert report(study) == 0 and pages(study) <= 2


def test_a_study_without_completed_runs_has_a_report(make_study):
    study = make_study({"baseline": {0: "failed"}, "model=b": {0: "diverged"}}, FACTORS)
    assert report(study) == 1 and pages(study) <= 2
    assert pd.read_csv(study / "report" / "effects.csv")["verdict"].tolist() == ["baseline", "not testable"]
