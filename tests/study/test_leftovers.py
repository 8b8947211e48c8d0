"""What an earlier start left in the folder of a planned run."""

import pytest

from ablate.runs import provenance, run_record
from ablate.runs.run_record import RunRecord
from ablate.study.leftovers import make_way
from ablate.terminal.errors import InputError

PLACE = "baseline/seed=0"
OURS = provenance.code_sha256()


def left(study, status: str, code: str = OURS, *others: str):
    """A run with this record and one epoch, and these other files."""
    folder = study / PLACE
    folder.mkdir(parents=True)
    run_record.write(folder, RunRecord(status=status, code_sha256=code))
    (folder / "metrics.csv").write_text("epoch,val_accuracy\n1,0.5\n")
    for name in others:
        (folder / name).write_text("")
    return folder


@pytest.mark.parametrize("recorded", ["running", "interrupted"])  # killed, and ended by a signal
@pytest.mark.parametrize("others", [(), ("checkpoint.pt",), ("checkpoint.before.pt", "model.pt")])
def test_an_interrupted_run_is_trained_on_in_its_folder(tmp_path, recorded, others):
    folder = left(tmp_path, recorded, OURS, *others)
    before = sorted(folder.iterdir())
    assert make_way(tmp_path, PLACE, "interrupted", retrain=False) is None
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("status", "code", "others"),
    [
        ("interrupted", "older", ()),
        ("interrupted", "older", ("checkpoint.pt",)),
        ("interrupted", OURS, ("model.pt",)),  # weights that no checkpoint gives again
        ("stale", OURS, ()),  # of other settings
        ("failed", OURS, ()),
    ],
)
def test_a_run_that_would_be_lost_is_set_aside(tmp_path, status, code, others):
    folder = left(tmp_path, "interrupted", code, *others)
    names = {path.name for path in folder.iterdir()}
    aside = make_way(tmp_path, PLACE, status, retrain=False)
    assert aside == tmp_path / ".replaced" / f"{PLACE}-1" and not folder.exists()
    assert {path.name for path in aside.iterdir()} == names


def test_a_finished_run_of_other_settings_is_refused(tmp_path):
    left(tmp_path, "completed")
    with pytest.raises(InputError, match="holds a finished run of another configuration or with other code of yours"):
        make_way(tmp_path, PLACE, "stale", retrain=False)
