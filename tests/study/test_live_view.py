"""The state of a study folder; only changed files are read again."""

import json
import math
import os
from pathlib import Path

import pytest
from msgspec import structs

from ablate.files.lock import lock
from ablate.runs import study_plan
from ablate.runs.epochs import LARGEST
from ablate.runs.metric import named
from ablate.study import live_view
from ablate.study.status import if_alive, planned_state, recorded_state
from ablate.terminal.errors import InputError
from tests.study.test_status_table import make

RUNS = {("baseline", 0): ("completed", 10.0), ("baseline", 1): ("running", 1.0), ("model=mlp", 0): ("failed", 1.0)}


def change(folder: Path, **values: object) -> None:
    """Change values of a record; also mark it as part of a study."""
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "study": "s", **values}))


def test_the_view_follows_changes_of_the_folder(tmp_path):
    make(tmp_path, RUNS)
    read_view, folder = live_view.FolderView(tmp_path), tmp_path / "baseline/seed=1"
    change(folder, epochs={"planned": 4})
    with lock(folder):
        assert [(run.status, run.done, run.planned) for run in read_view().runs][1] == ("running", 0, 4)
        (folder / "metrics.csv").write_text("epoch,val_accuracy,seconds\n1,0.25,3\n2,0.75,5\n3,0.5")
        view = read_view().runs[1]
        assert (view.done, view.epochs.values, view.epochs.seconds_per_epoch) == (2, [0.25, 0.75], 4.0)
        assert view.epochs.limits == (0.25, 0.75)
    assert read_view().runs[1].status == "interrupted"  # its lock is no longer held
    change(folder, status="completed")
    assert read_view().runs[1].status == "completed"
    (folder / "run.json").unlink()
    assert (read_view().runs[1].status, read_view().runs[1].done) == ("missing", 0)


def test_only_changed_files_are_read_again(tmp_path, monkeypatch):
    make(tmp_path, RUNS)
    (tmp_path / "model=mlp/seed=0/train.log").write_text("first\nlast\n")
    read = []
    opened = live_view.bounded.open_regular
    monkeypatch.setattr(live_view.bounded, "open_regular", lambda path: read.append(path) or opened(path))
    read_view = live_view.FolderView(tmp_path)
    assert read_view().runs[2].log == ["first", "last"] and len(read) > len(RUNS)
    read.clear()
    read_view()
    assert read == []
    (tmp_path / "baseline/seed=0/metrics.csv").write_text("epoch,val_accuracy\n1,0.5\n")
    assert read_view().runs[0].done == 1
    assert read == [tmp_path / "baseline/seed=0/metrics.csv"]
    study = json.loads((tmp_path / "study.json").read_text())
    (tmp_path / "study.json").write_text(json.dumps({**study, "runs": study["runs"][:2]}))
    assert len(read_view().runs) == 2


def test_invalid_numbers_are_ignored(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,val_accuracy,seconds\n1,1e308,inf\n2,0.5,-1\n3,nan,2\n4,-inf,nan\n")
    epochs = live_view.read_epochs(path)
    assert [math.isnan(value) for value in epochs.values] == [True, False, True, True]
    assert (epochs.seconds_per_epoch, epochs.limits) == (2.0, (0.5, 0.5))
    path.write_text("epoch\n1\n")
    assert live_view.read_epochs(path).limits is None
    os.truncate(path, LARGEST + 1)
    assert live_view.read_epochs(path) == live_view.NO_EPOCHS


def test_percents_of_another_app_are_shown(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,val_acc\n1,93.2\n2,-1\n")
    assert live_view.read_epochs(path, metric=named("val_acc", unit="%", scale=1)).values == [93.2, -1]


def test_the_end_of_a_log_is_read_and_escaped(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("x" * 3 * live_view.LOG_BYTES + "\n\n\x1b[2Jred\x07\nlast\n")
    lines = live_view.last_lines(path)
    assert lines[1:] == [r"\x1b[2Jred\x07", "last"] and len(lines[0]) < live_view.LOG_BYTES
    assert live_view.last_lines(tmp_path / "none") == []
    os.mkfifo(tmp_path / "pipe")  # reading a pipe must not block
    assert live_view.last_lines(tmp_path / "pipe") == []


def test_a_single_run_is_a_study_of_one(tmp_path):
    record = {"schema": 1, "status": "running", "study": None, "seed": 3, "epochs": {"planned": 2}}
    (tmp_path / "run.json").write_text(json.dumps({**record, "config_sha256": "a"}))
    study = live_view.FolderView(tmp_path)()
    (run,) = study.runs
    assert (study.name, run.status, run.planned) == (tmp_path.name, "running", 2)  # single runs hold no lock


def test_other_folders_are_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match=r"no study\.json"):
            live_view.FolderView(folder)()
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        live_view.FolderView(tmp_path)()


def test_snapshot_and_status_agree(tmp_path):
    for planned in make(tmp_path, RUNS).runs:
        recorded = recorded_state(tmp_path / planned.folder, planned.config_sha256)
        assert if_alive(recorded, tmp_path / planned.folder) == planned_state(tmp_path, planned)


@pytest.mark.parametrize(
    ("metric", "shown", "value"),
    [("val_loss", "val_loss", 0.7), ("val_macro_f1", "val_accuracy", 0.5), ("val_accuracy", "val_accuracy", 0.5)],
)
def test_the_view_labels_the_metric_that_it_shows(tmp_path, metric, shown, value):
    """Macro-F1 is only known at the end of a run: while it runs, the view shows accuracy."""
    plan = make(tmp_path, {("baseline", 0): ("completed", 1.0)})
    study_plan.write(tmp_path, structs.replace(plan, metric=named(metric)))
    (tmp_path / "baseline/seed=0/metrics.csv").write_text("epoch,val_loss,val_accuracy\n1,0.7,0.5\n")
    view = live_view.FolderView(tmp_path)()
    assert view.metric.name == shown and view.runs[0].epochs.values == [value]
