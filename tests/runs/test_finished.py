"""A run with a result is never overwritten."""

import pytest

from ablate.runs import finished, provenance, run_record
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError


@pytest.mark.parametrize("status", ["completed", "diverged", "pruned"])
def test_a_run_with_a_result_is_refused(tmp_path, status):
    run_record.write(tmp_path, RunRecord(status=status))
    with pytest.raises(InputError, match=r"holds a finished run.*hydra\.run\.dir=FOLDER"):
        finished.refuse(tmp_path)
    with pytest.raises(InputError, match=r"holds a finished run.*--retrain"):
        finished.refuse(tmp_path, in_study=True)


@pytest.mark.parametrize("status", ["running", "failed", "interrupted"])
def test_a_run_without_a_result_is_not(tmp_path, status):
    run_record.write(tmp_path, RunRecord(status=status))
    finished.refuse(tmp_path)


@pytest.mark.parametrize("content", [None, "{", '{"schema": 1, "status": "excellent"}'])
def test_nor_a_folder_without_a_valid_record(tmp_path, content):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    assert not finished.is_finished(tmp_path)


@pytest.mark.parametrize(
    ("sha256", "code", "epochs", "message"),
    [
        ("ours", provenance.code_sha256(), 3, None),
        ("other", provenance.code_sha256(), 3, "another configuration"),
        ("ours", "older", 3, "another version of the code"),
        ("other", "older", 0, None),  # nothing is lost
    ],
)
def test_epochs_of_another_unfinished_run_are_not_overwritten(tmp_path, sha256, code, epochs, message):
    run_record.write(tmp_path, RunRecord(status="interrupted", config_sha256=sha256, code_sha256=code))
    (tmp_path / "metrics.csv").write_text("epoch,val_accuracy\n" + "1,0.5\n" * epochs)
    if message is None:
        finished.refuse_other(tmp_path, lambda: "ours")
    else:
        with pytest.raises(InputError, match=f"unfinished run with {message}"):
            finished.refuse_other(tmp_path, lambda: "ours")
