"""A run with a result is never overwritten."""

import pytest

from ablate.runs import finished, run_record
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
