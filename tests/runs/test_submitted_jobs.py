"""jobs.json: the jobs of a study on a cluster."""

import json

import pytest

from ablate.runs import submitted_jobs
from ablate.runs.submitted_jobs import SubmittedJob
from ablate.terminal.errors import InputError


def test_jobs_are_added_in_the_order_of_their_submission(tmp_path):
    assert submitted_jobs.read(tmp_path) == []
    first, second = SubmittedJob(id="7_0", runs=["a/seed=0"]), SubmittedJob(id="8", runs=[])
    submitted_jobs.add(tmp_path, [first])
    submitted_jobs.add(tmp_path, [second])
    assert submitted_jobs.read(tmp_path) == [first, second]


def test_an_array_is_cancelled_once():
    jobs = [SubmittedJob(id=name, runs=[]) for name in ("7_0", "7_1", "9", "8_3")]
    assert submitted_jobs.arrays_of(jobs) == ["7", "9", "8"]


@pytest.mark.parametrize("name", ["", "--help", "7;ls", "7_", "../7", "7\n", "٧", "-1", 7])
def test_an_invalid_id_is_refused(tmp_path, name):
    """It would become a word of a command."""
    content = {"schema": 1, "jobs": [{"id": name, "runs": []}]}
    (tmp_path / submitted_jobs.FILE).write_text(json.dumps(content))
    with pytest.raises(InputError, match="jobs.json"):
        submitted_jobs.read(tmp_path)
