"""A baseline that was chosen after the study was planned: named as such, and the same differences the other way."""

import pytest

from ablate.analysis.report.write import record_look, write_report
from ablate.analysis.sources.any_source import Asked, results
from ablate.runs import looks
from ablate.terminal.errors import InputError

FACTORS = {"model": ["a", "b"], "lr": ["0.1", "1e-2"]}
RESULTS = {
    "baseline": {0: 0.50, 1: 0.61, 2: 0.70},
    "model=b": {0: 0.60, 1: 0.70, 2: 0.81},
    "lr=1e-2": {0: 0.55, 1: 0.64, 2: 0.76},
}


@pytest.fixture
def study(make_study):
    return make_study(RESULTS, FACTORS)


@pytest.mark.parametrize("asked", [{"model": "b"}, {"model": "b", "lr": "0.1"}, {"model": "b", "lr": "1e-1"}])
def test_another_baseline_is_exploratory_and_reverses_the_difference(study, asked):
    planned, other = results(study, Asked()), results(study, Asked(baseline=asked))
    rows = other.effects.set_index("variant")
    assert [*rows.index] == ["baseline", "model=a", "model=a+lr=1e-2"]
    difference = planned.effects.set_index("variant").loc["model=b", "difference"]
    assert rows.loc["model=a", "difference"] == pytest.approx(-difference)
    assert other.labels == {"baseline": "baseline", "model=a": "model=a", "model=a+lr=1e-2": "model=a, lr=1e-2"}
    assert other.assumptions == (
        "Exploratory: the baseline model=b, lr=0.1 was chosen after the study was planned; the planned baseline is"
        " model=a, lr=0.1.",
    )


def test_the_same_runs_with_another_baseline_are_no_further_look(study):
    record_look(results(study, Asked()))
    record_look(results(study, Asked(baseline={"model": "b"})))
    assert len((study / looks.FILE).read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"modle": "b"}, "modle is not a factor of study; its factors: model, lr"),
        ({"model": "c"}, "model has no level c; its levels: a, b"),
        ({"model": "b", "lr": "0.01"}, "No run of study has the levels of this baseline: model=b, lr=1e-2"),
    ],
)
def test_a_baseline_that_was_not_run_is_refused(study, asked, message):
    with pytest.raises(InputError, match=message):
        results(study, Asked(baseline=asked))


@pytest.mark.integration
def test_the_report_has_the_tables_of_all_pairs_on_request_only(study):
    write_report(results(study, Asked(all_pairs=True)))
    letters = (study / "report/tables/letters.csv").read_text().splitlines()
    assert letters[1].split(",")[0] == "model=b" and len(letters) == 4
    assert (study / "report/tables/pairs.tex").exists()
    assert "All 3 pairs (exploratory" in (study / "report/report.html").read_text()
    write_report(results(study, Asked()))
    assert not (study / "report/tables/pairs.csv").exists()
