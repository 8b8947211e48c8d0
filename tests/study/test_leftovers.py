"""What an earlier start left in the folder of a planned run."""

import pytest

from ablate.files.lock import lock
from ablate.runs import provenance, run_record
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import PlannedRun
from ablate.study.leftovers import make_way, set_aside
from ablate.terminal.errors import InputError

PLACE = "baseline/seed=0"
RUN = PlannedRun(variant="baseline", factors={}, seed=0, folder=PLACE, config_sha256="planned")
OURS = provenance.code_sha256()


def left(study, status: str, code: str = OURS, *others: str, config: str = "planned"):
    """A run with this record and one epoch, and these other files."""
    folder = study / PLACE
    folder.mkdir(parents=True)
    metrics = {"val_accuracy": 0.5}
    run_record.write(folder, RunRecord(status=status, code_sha256=code, config_sha256=config, metrics=metrics))
    (folder / "metrics.csv").write_text("epoch,val_accuracy\n1,0.5\n")
    for name in others:
        (folder / name).write_text("")
    return folder


@pytest.mark.parametrize("recorded", ["running", "interrupted"])  # killed, and ended by a signal
@pytest.mark.parametrize("others", [(), ("checkpoint.pt",), ("checkpoint.before.pt", "model.pt")])
def test_an_interrupted_run_is_trained_on_in_its_folder(tmp_path, recorded, others):
    folder = left(tmp_path, recorded, OURS, *others)
    before = sorted(folder.iterdir())
    assert make_way(tmp_path, RUN, retrain=False) is None
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("status", "code", "others", "config"),
    [
        ("interrupted", "older", (), "planned"),
        ("running", "older", ("checkpoint.pt",), "planned"),
        ("interrupted", OURS, ("model.pt",), "planned"),  # weights that no checkpoint gives again
        ("interrupted", OURS, (), "other"),
        ("failed", OURS, (), "planned"),
    ],
)
def test_a_run_that_would_be_lost_is_set_aside(tmp_path, status, code, others, config):
    folder = left(tmp_path, status, code, *others, config=config)
    names = {path.name for path in folder.iterdir()}
    aside = make_way(tmp_path, RUN, retrain=False)
    assert aside == tmp_path / ".replaced" / f"{PLACE}-1" and not folder.exists()
    assert {path.name for path in aside.iterdir()} == names


def test_a_finished_run_of_other_settings_is_refused(tmp_path):
    left(tmp_path, "completed", config="other")
    with pytest.raises(InputError, match="holds a finished run of another configuration or with other code of yours"):
        make_way(tmp_path, RUN, retrain=False)


@pytest.mark.parametrize("status", ["completed", "diverged", "pruned"])
@pytest.mark.parametrize("retrain", [False, True])
def test_a_run_that_another_process_has_finished_stays(tmp_path, status, retrain):
    """Whatever state it had when the study was read."""
    folder = left(tmp_path, status, OURS, "model.pt")
    assert make_way(tmp_path, RUN, retrain) is None
    assert run_record.read(folder).status == status


def test_a_run_that_another_process_trains_stays(tmp_path):
    folder = left(tmp_path, "running", "older")
    with lock(folder):
        assert make_way(tmp_path, RUN, retrain=True) is None
        with pytest.raises(InputError, match="is being trained by another process"):
            set_aside(tmp_path, PLACE)
    assert folder.exists()
