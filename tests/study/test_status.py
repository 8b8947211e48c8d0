"""The state of a planned run, from what its folder holds."""

from pathlib import Path

import pytest

from ablate.files.lock import lock
from ablate.runs import run_record
from ablate.runs.record_parts import Seconds
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import PlannedRun
from ablate.study.status import PlannedState, if_alive, planned_state


def state(study: Path, **values: object) -> PlannedState:
    """The state of a run whose record has these values; the planned configuration has the hash `a`."""
    planned = PlannedRun(variant="baseline", factors={}, seed=0, folder="run", config_sha256="a")
    if values:
        (study / "run").mkdir(exist_ok=True)
        record = {"metrics": {"val_accuracy": 0.5}, "config_sha256": "a", "seconds": Seconds(total=2.0), **values}
        run_record.write(study / "run", RunRecord(**record))
    return planned_state(study, planned)


def test_without_a_record_a_run_is_missing(tmp_path):
    assert state(tmp_path) == PlannedState("missing")
    (tmp_path / "run").mkdir()
    assert state(tmp_path) == PlannedState("missing")


@pytest.mark.parametrize("status", ["completed", "diverged", "pruned"])
def test_a_result_has_an_accuracy_and_a_time(tmp_path, status):
    run = state(tmp_path, status=status)
    assert (run.status, run.has_result, run.value("val_accuracy"), run.total_seconds) == (
        status,
        True,
        0.5,
        2.0,
    )


def test_a_failed_run_has_its_error_and_no_time(tmp_path):
    run = state(tmp_path, status="failed", error="It stopped.")
    assert (run.status, run.reason, run.has_result) == ("failed", "It stopped.", False)
    assert run.total_seconds is None


def test_a_run_of_another_configuration_is_stale(tmp_path):
    run = state(tmp_path, status="completed", config_sha256="b")
    assert (run.status, run.record, run.value("val_accuracy")) == ("stale", None, None)


@pytest.mark.parametrize(("accuracy", "status"), [(0.0, "completed"), (1.0, "completed"), (1.01, "unreadable"),
                                                  (-0.01, "unreadable"), (None, "unreadable")])  # fmt: skip
def test_a_completed_run_has_an_accuracy_between_0_and_1(tmp_path, accuracy, status):
    assert state(tmp_path, status="completed", metrics={"val_accuracy": accuracy}).status == status
    assert state(tmp_path, status="diverged", metrics={"val_accuracy": accuracy}).status == "diverged"


@pytest.mark.parametrize("accuracy", [91.3, float("nan")])
def test_a_metric_of_an_app_may_have_any_value(tmp_path, accuracy):
    metrics = {"val_loss": 0.3, "val_accuracy": accuracy}
    assert state(tmp_path, status="completed", app="app.py", metrics=metrics).status == "completed"
    assert state(tmp_path, status="completed", app="app.py", metrics=None).status == "unreadable"


def test_a_damaged_record_is_unreadable_and_the_reason_names_it(tmp_path):
    state(tmp_path, status="completed")
    (tmp_path / "run/run.json").write_text("{")
    run = state(tmp_path)
    assert run.status == "unreadable" and "run.json cannot be read" in run.reason


def test_a_running_run_whose_process_is_gone_was_interrupted(tmp_path):
    (tmp_path / "run").mkdir()
    with lock(tmp_path / "run"):
        assert state(tmp_path, status="running").status == "running"
    run = state(tmp_path)
    assert run.status == "interrupted" and "process died" in run.reason


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_run_that_ends_while_its_state_is_read_was_not_interrupted(tmp_path, status):
    (tmp_path / "run").mkdir()
    with lock(tmp_path / "run"):
        before = state(tmp_path, status="running")
    ended = state(tmp_path, status=status)
    assert if_alive(before, tmp_path / "run") == ended and ended.status == status
