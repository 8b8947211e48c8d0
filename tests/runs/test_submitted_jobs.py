"""jobs.json: the jobs of a study on a cluster."""

import json

import pytest

from ablate.runs import submitted_jobs
from ablate.runs.submitted_jobs import SubmittedJob
from ablate.terminal.errors import InputError


def test_jobs_are_added_in_the_order_of_their_submission(tmp_path):
    assert submitted_jobs.read(tmp_path) == []
    first, second = SubmittedJob(name="s0123456789_0", runs=["a/seed=0"]), SubmittedJob(name="sabcdef0123_12", runs=[])
    submitted_jobs.add(tmp_path, [first])
    submitted_jobs.add(tmp_path, [second])
    assert submitted_jobs.read(tmp_path) == [first, second]


def test_refused_jobs_are_removed(tmp_path):
    jobs = [SubmittedJob(name=f"s0123456789_{number}", runs=["a/seed=0"]) for number in range(3)]
    submitted_jobs.add(tmp_path, jobs)
    submitted_jobs.remove(tmp_path, jobs[1:])
    assert submitted_jobs.read(tmp_path) == jobs[:1]


def test_names_differ():
    names = {submitted_jobs.new_array() for _ in range(100)}
    assert len(names) == 100
    submitted_jobs.SubmittedJob(name=submitted_jobs.name_of(names.pop(), 3), runs=[])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "--help",
        "s0123456789_0;ls",
        "s0123456789_",
        "../s0123456789_0",
        "s0123456789_0\n",
        "s012345678٧_0",
        "7_0",
        7,
    ],
)
def test_an_invalid_name_is_refused(tmp_path, name):
    """It would become a word of a command."""
    content = {"schema": 1, "jobs": [{"name": name, "runs": []}]}
    (tmp_path / submitted_jobs.FILE).write_text(json.dumps(content))
    with pytest.raises(InputError, match="jobs.json"):
        submitted_jobs.read(tmp_path)
