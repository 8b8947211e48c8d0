"""Looks at a study: a report of new results is one, the same report again is not."""

import shutil

import msgspec
import pytest
from msgspec.structs import replace

from ablate.analysis.report.write import report, write_report
from ablate.analysis.sources.open import Asked, results
from ablate.runs import looks, study_plan
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
    report(study, allow_partial=True)
    return (study / "report/tables/effects.md").read_text()


def test_a_finished_study_is_looked_at_once_however_often_it_is_reported(make_study):
    study = make_study(some(3, 3), FACTORS)
    first = text(study)
    typst = (study / "report/report.typ").read_bytes()
    assert text(study) == first and "looked at" not in first and (study / "report/report.typ").read_bytes() == typst
    (look,) = looks.read(study)
    assert (look.results, look.planned, look.seeds) == (6, 6, 3)


def test_looks_at_an_unfinished_and_an_extended_study_are_counted_and_their_error_rate_stated(make_study):
    study = make_study(some(2, 4), FACTORS)
    assert "looked at" not in text(study)
    finish(study, range(2, 4))
    assert "looked at twice (at 4 of 8, 8 of 8 runs)" in text(study)
    finish(study, range(4, 6))
    stated = text(study)
    assert "looked at 3 times (at 4 of 8, 8 of 8, 12 of 12 runs)" in stated
    assert "called better or worse in 12 % of studies instead of 5 %" in stated and "2, 4 and 6 seeds" in stated
    for name in ("report.html", "report.typ"):
        assert "looked at 3 times" in (study / "report" / name).read_text()


@pytest.mark.parametrize("damage", ["{", "", None])
def test_a_damaged_or_deleted_run_is_no_look(make_study, damage):
    study = make_study(some(3, 3), FACTORS)
    text(study)
    path = study / "model=b/seed=1/run.json"
    path.unlink() if damage is None else path.write_text(damage)
    assert "looked at" not in text(study) and len(looks.read(study)) == 1


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
    text(study)
    finish(study, range(2, 4))
    assert "looked at twice" in text(study)
    retrain(study, VALUES)
    stated = text(study)
    assert "looked at twice before all of its runs were replaced; these looks are not counted" in stated
    assert "instead of 5 %" not in stated and text(study) == stated
    finish(study, range(4, 6))
    assert "looked at twice (at 8 of 8, 12 of 12 runs)" in text(study)


def test_looks_at_runs_of_which_some_were_retrained_count(make_study):
    study = make_study(some(3, 3), FACTORS)
    text(study)
    retrain(study, ["model=b"])
    assert "The results were looked at twice (at 6 of 6, 6 of 6 runs)" in text(study)


def test_a_report_without_results_is_no_look(make_study):
    study = make_study(some(0, 2), FACTORS)
    assert "looked at" not in text(study) and looks.read(study) == []


def test_another_metric_is_a_look_at_the_same_runs(make_study):
    study = make_study(some(2, 2), FACTORS)
    text(study)
    write_report(results(study, Asked(metric="val_loss")))
    stated = (study / "report/tables/effects.md").read_text()
    assert "val_loss was chosen after the study" in stated and "replaced" not in stated
    assert len(looks.read(study)) == 1
