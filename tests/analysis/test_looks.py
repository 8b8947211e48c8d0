"""Looks at a study: a report of new results is one, the same report again is not."""

import shutil

import msgspec
import pytest
from msgspec.structs import replace

from ablate.analysis.analyze import analyze
from ablate.analysis.effects import planned_comparisons
from ablate.analysis.report.limits import looked
from ablate.analysis.report.write import record_look, report, write_report
from ablate.analysis.sources.any_source import Asked, results
from ablate.runs import looks, study_plan
from ablate.terminal.errors import InputError
from tests.analysis.conftest import write_run

FACTORS = {"model": ["a", "b"]}
VALUES = {"baseline": [0.70, 0.71, 0.72, 0.73, 0.71, 0.70], "model=b": [0.71, 0.70, 0.73, 0.75, 0.70, 0.72]}


def some(seeds: int, planned: int) -> dict:
    """Results of so many seeds, of those planned."""
    return {name: {s: v[s] if s < seeds else None for s in range(planned)} for name, v in VALUES.items()}


def finish(study, seeds: range) -> None:
    """Train the runs of these seeds, planned or not."""
    plan = study_plan.read(study)
    for variant, values in VALUES.items():
        for seed in seeds:
            run = {"variant": variant, "factors": {"model": variant[-1]}, "seed": seed}
            run |= {"folder": f"{variant}/seed={seed}", "config_sha256": f"{variant} {seed}"}
            write_run(study, run, values[seed], 4, "c0de" * 16)
            if run["folder"] not in {known.folder for known in plan.runs}:
                new = study_plan.PlannedRun(**run)
                plan = replace(plan, runs=[*plan.runs, new], seeds=sorted({*plan.seeds, seed}))
    study_plan.write(study, plan)


def text(study) -> str:
    """The notes of a full report, under its main table."""
    report(study, allow_partial=True)
    return (study / "report/tables/effects.md").read_text()


def stated(study) -> str:
    """What a report states on its looks, after it has recorded this one; without writing the report."""
    read = analyze(study)
    return "\n".join(looked(*record_look(read), planned_comparisons(read.runs)))


@pytest.mark.integration
def test_a_finished_study_is_looked_at_once_however_often_it_is_reported(make_study):
    study = make_study(some(3, 3), FACTORS)
    first = text(study)
    typst = (study / "report/report.typ").read_bytes()
    assert text(study) == first and "looked at" not in first and (study / "report/report.typ").read_bytes() == typst
    (look,) = looks.read(study)
    assert (look.results, look.planned, look.seeds) == (6, 6, 3)


def test_looks_at_an_unfinished_and_an_extended_study_are_counted_and_their_error_rate_stated(make_study):
    study = make_study(some(2, 4), FACTORS)
    assert stated(study) == ""
    finish(study, range(2, 4))
    assert "looked at twice (at 4 of 8, 8 of 8 runs)" in stated(study)
    finish(study, range(4, 6))
    notes = text(study)
    assert "looked at 3 times (at 4 of 8, 8 of 8, 12 of 12 runs)" in notes
    assert "called better or worse in 12 % of studies instead of 5 %" in notes and "2, 4 and 6 seeds" in notes
    for name in ("report.html", "report.typ"):
        assert "looked at 3 times" in (study / "report" / name).read_text()


@pytest.mark.parametrize("damage", ["{", "", None])
def test_a_damaged_or_deleted_run_is_no_look(make_study, damage):
    study = make_study(some(3, 3), FACTORS)
    stated(study)
    path = study / "model=b/seed=1/run.json"
    path.unlink() if damage is None else path.write_text(damage)
    assert "looked at" not in stated(study) and len(looks.read(study)) == 1


def retrain(study, variants) -> None:
    """Replace the runs of these variants by runs of another configuration, with other results."""
    plan = study_plan.read(study)
    runs = [replace(run, config_sha256=f"again {run.folder}") if run.variant in variants else run for run in plan.runs]
    for run in runs:
        if run.variant in variants:
            shutil.rmtree(study / run.folder)
            values = VALUES[run.variant]
            write_run(study, msgspec.to_builtins(run), values[run.seed] - 0.01, 4, "c0de" * 16)
    study_plan.write(study, replace(plan, runs=runs))


def test_looks_at_runs_that_were_all_retrained_since_do_not_count(make_study):
    study = make_study(some(2, 2), FACTORS)
    stated(study)
    finish(study, range(2, 4))
    assert "looked at twice" in stated(study)
    retrain(study, VALUES)
    notes = stated(study)
    assert "looked at twice before all of its runs were replaced; these looks are not counted" in notes
    assert "instead of 5 %" not in notes and stated(study) == notes
    finish(study, range(4, 6))
    assert "looked at twice (at 8 of 8, 12 of 12 runs)" in stated(study)


def test_looks_at_runs_of_which_some_were_retrained_count(make_study):
    study = make_study(some(3, 3), FACTORS)
    stated(study)
    retrain(study, ["model=b"])
    assert "The results were looked at twice (at 6 of 6, 6 of 6 runs)" in stated(study)


def test_a_report_without_results_is_no_look(make_study):
    study = make_study(some(0, 2), FACTORS)
    assert "looked at" not in stated(study) and looks.read(study) == []


@pytest.mark.parametrize(
    ("metric", "why"),
    [("zz", "no run of .* has recorded zz. The planned metric is val_accuracy"),
     *((name, f"the metric '{name}' is") for name in ("variant", "seconds", "seed"))],
)  # fmt: skip
def test_a_metric_without_values_is_refused(make_study, metric, why):
    with pytest.raises(InputError, match=f"--metric: {why}"):
        results(make_study(some(2, 2), FACTORS), Asked(metric=metric))


def test_another_metric_is_a_look_at_the_same_runs(make_study):
    study = make_study(some(2, 2), FACTORS)
    stated(study)
    write_report(results(study, Asked(metric="val_loss")))
    notes = (study / "report/tables/effects.md").read_text()
    assert "val_loss was chosen after the study" in notes and "replaced" not in notes
    assert len(looks.read(study)) == 1
