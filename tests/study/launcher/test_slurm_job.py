"""A job on a node of a cluster, without one: which signals it is requeued after."""

import signal
import subprocess

import pytest

from ablate.study.launcher import slurm_job


def test_preemptions_do_not_count_as_time_limits(tmp_path, monkeypatch):
    requeued = []
    monkeypatch.setattr(subprocess, "run", lambda words, check: requeued.append(words))
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    job = slurm_job.SlurmJob(None, [], 1, restarts=2)
    stops = [signal.SIGTERM, slurm_job.TIME_LIMIT, signal.SIGTERM, slurm_job.TIME_LIMIT, slurm_job.TIME_LIMIT]
    for count, number in enumerate(stops):

        def stop(number=number):
            raise slurm_job.Interrupted(number)

        monkeypatch.setenv("SLURM_RESTART_COUNT", str(count))
        monkeypatch.setattr(job, "train", stop)
        with pytest.raises(SystemExit):
            job(tmp_path / "0.timeouts")
    assert requeued == 2 * [["scontrol", "requeue", "7"]]
