"""The state of the jobs of a study in words, with and without Slurm."""

import pytest

from ablate.runs import submitted_jobs
from ablate.runs.submitted_jobs import SubmittedJob
from ablate.study import slurm_queue
from ablate.study.slurm_queue import QueuedJob

RUNNING = QueuedJob("7", "RUNNING", "None", "n1")


@pytest.mark.parametrize(
    ("jobs", "text"),
    [
        ([RUNNING] * 2, "2 running on n1"),
        ([QueuedJob("7", "PENDING", "Priority", ""), RUNNING], "1 running on n1, 1 pending (Priority)"),
        ([QueuedJob("7", "PENDING", "None", "")], "1 pending"),
        ([QueuedJob("7", "RUNNING", "None", f"n{i}") for i in range(5)], "5 running on n0, n1, n2 and 2 others"),
    ],
)  # fmt: skip
def test_jobs_in_words(jobs, text):
    assert slurm_queue.described(jobs) == text


def test_a_study_that_was_never_submitted_has_no_jobs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")  # Slurm is not asked
    assert slurm_queue.summary(tmp_path) == ""


def test_without_slurm_the_state_of_the_jobs_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    submitted_jobs.add(tmp_path, [SubmittedJob(name="s0123456789_0", runs=["baseline/seed=0"])])
    assert "squeue is not installed here" in slurm_queue.summary(tmp_path)


def test_the_limits_of_the_site_are_read(tmp_path, monkeypatch):
    """As sacctmgr, which takes `where` only as a word of its own."""
    fake = {
        "scontrol": "echo 'MaxArraySize            = 501'",
        "sacctmgr": """for word in "$@"; do
case $word in "where "*) echo "Unknown condition: $word" >&2; exit 1;; esac
done
printf '40\\n\\n25\\n'""",
    }
    for name, script in fake.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert slurm_queue.limits() == slurm_queue.Limits(array_size=501, submitted=25)
