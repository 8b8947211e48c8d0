"""Studies on a real Slurm cluster of one node."""

import contextlib
import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.processes import SMALL, epochs, finish, record, start, until
from tests.slurm.cluster import SLURM, array_of, cluster, queued, recorded, seeds, until_empty

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment variables of the clients of a Slurm."""
    with cluster(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


def worker_of(lock: Path) -> int:
    """PID of the process that has a file open."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.readlink() == lock:
                return int(link.parts[2])
    raise AssertionError(f"{lock} is not open")


def test_a_study_is_a_job_array(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL[:3], "model=mlp,cnn", "normalization=none,batch", *SLURM)
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "4 of 4 runs done" in output, output
    for run in (tmp_path / "outputs/s").glob("*/seed=0"):
        assert record(run)["status"] == "completed" and record(run)["environment"]["threads"] == 1
        assert record(run)["rerun"].endswith("trainer.threads=1")
    (logs,) = (tmp_path / "outputs/s/.slurm").iterdir()
    assert {path.stem for path in logs.glob("*.log")} == {"0", "1", "2", "3"}
    again = finish(start(tmp_path, *words, **slurm))
    assert again[0] == 0 and "4 of them already done" in again[1]


def test_files_in_the_current_folder_are_not_executed(tmp_path, slurm):
    """Also on clusters whose jobs do not inherit the environment of the command, and its PYTHONSAFEPATH."""
    for name in ("triton", "sitecustomize", "hydra", "omegaconf", "yaml", "msgspec", "submitit"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})")
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", *SLURM, "hydra.launcher.setup=[unset PYTHONSAFEPATH]")
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "1 of 1 run done" in output, output
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()


@pytest.mark.parametrize("sign", ["KILL", "USR2"])  # out of memory; time limit
def test_a_killed_job_only_loses_its_run(tmp_path, slurm, sign):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=1,2,100000", *SLURM)
    process = start(tmp_path, *words, **slurm)
    runs = tmp_path / "outputs/s"
    others = [runs / "baseline/seed=0/model.pt", runs / "trainer.epochs=2/seed=0/model.pt"]
    state = runs / "trainer.epochs=100000/seed=0/checkpoint.pt"
    until(lambda: state.exists() and all(map(Path.exists, others)), process)
    (job,) = [job for job in queued(slurm, "R") if job.endswith("_2")]
    subprocess.run(["scancel", f"--signal={sign}", job], env={**slurm}, check=True)
    status, output = finish(process)
    assert status == 1 and "2 of 3 runs done" in output, output
    assert "trainer.epochs=100000/seed=0" in output and "interrupted" in output
    assert (runs / "trainer.epochs=100000/seed=0/checkpoint.pt").exists()


def test_the_reason_for_pending_jobs_is_logged(tmp_path, slurm):
    """The jobs require more cores than the node has and stay pending."""
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp,cnn", *SLURM, "hydra.launcher.cpus_per_task=1000")
    process = start(tmp_path, *words, **slurm)
    line = next(line for line in process.stderr if "reason from squeue" in line)
    process.send_signal(signal.SIGINT)
    assert "Slurm keeps jobs pending" in line and finish(process)[0] == 130
    assert len(queued(slurm)) == 2  # an interrupt leaves them alone
    subprocess.run(["scancel", *{array_of(job) for job in queued(slurm)}], env={**slurm}, check=True)


def test_submit_and_leave_with_a_preempted_job_and_a_killed_command(tmp_path, slurm):
    """60 runs in 6 jobs, of which an array may have 5. One is requeued, and a command that waits is killed.

    The same command collects all.
    """
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp,cnn", "normalization=none,batch", seeds(15), *SLURM)
    words, runs = (*words, "hydra.launcher.runs_per_job=10"), tmp_path / "outputs/s"
    status, output = finish(start(tmp_path, *words, "hydra.launcher.wait=false", **slurm))
    jobs = queued(slurm)
    assert status == 0 and "60 runs in the queue" in output and "ablate status outputs/s" in output, output
    assert len(jobs) == 6 and f"scancel {array_of(jobs[0])}" in output
    process = start(tmp_path, *words, **slurm)
    until(lambda: len(list(runs.glob("*/seed=*/model.pt"))) >= 3, process)
    requeued = queued(slurm, "R")[0]
    subprocess.run(["scontrol", "requeue", requeued], env={**slurm}, check=True)
    process.kill()
    finish(process)
    assert set(queued(slurm)) <= set(jobs) and requeued in queued(slurm)
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "60 of 60 runs done" in output, output
    assert len(recorded(runs)) == 6 and max(Counter(map(array_of, jobs)).values()) == 5
    logs = [(folder / "train.log").read_text() for folder in runs.glob("*/seed=*")]
    assert len(logs) == 60 and all(log.count("completed: ") == 1 for log in logs)
    assert not (runs / ".replaced").exists()


@pytest.mark.parametrize("stop", ["scontrol requeue", "scancel --signal=USR2"])  # preemption; time limit
def test_a_requeued_job_skips_finished_runs_and_resumes(tmp_path, slurm, stop):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=1,300,2", *SLURM)
    words, runs = (*words, "hydra.launcher.runs_per_job=3", "hydra.launcher.max_num_timeout=1"), tmp_path / "outputs/s"
    process = start(tmp_path, *words, **slurm)
    long = runs / "trainer.epochs=300/seed=0"
    until(lambda: epochs(long) > 5, process)
    first = (runs / "baseline/seed=0/model.pt").stat().st_mtime_ns
    subprocess.run([*stop.split(), *queued(slurm, "R")], env={**slurm}, check=True)
    status, output = finish(process)
    assert status == 0 and "3 of 3 runs done" in output, output
    assert (runs / "baseline/seed=0/model.pt").stat().st_mtime_ns == first
    assert "resumes from epoch" in (long / "train.log").read_text() and epochs(long) == 300


def test_a_killed_run_does_not_lose_the_others_of_its_job(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=100000,1,2", *SLURM)
    words, runs = (*words, "hydra.launcher.runs_per_job=3"), tmp_path / "outputs/s"
    process = start(tmp_path, *words, **slurm)
    until(lambda: epochs(runs / "baseline/seed=0") > 0, process)
    os.kill(worker_of(runs / "baseline/.seed=0.lock"), signal.SIGKILL)
    status, output = finish(process)
    assert status == 1 and "2 of 3 runs done" in output and "baseline/seed=0" in output, output


def test_runs_of_a_job_at_the_same_time(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=100000,90000", *SLURM)
    words = (*words, "hydra.launcher.runs_per_job=2", "hydra.launcher.runs_at_once=2")
    process = start(tmp_path, *words, **slurm)
    runs = [tmp_path / "outputs/s" / name / "seed=0" for name in ("baseline", "trainer.epochs=90000")]
    until(lambda: all(epochs(run) > 0 for run in runs), process)
    subprocess.run(["scancel", *queued(slurm)], env={**slurm}, check=True)
    assert finish(process)[0] == 1
    assert all(record(run)["status"] == "interrupted" and (run / "checkpoint.pt").exists() for run in runs)


def test_canceled_jobs_are_submitted_again_by_the_same_command(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", seeds(2), *SLURM)
    blocked = ("hydra.launcher.wait=false", "hydra.launcher.cpus_per_task=1000")
    assert finish(start(tmp_path, *words, *blocked, **slurm))[0] == 0
    again = finish(start(tmp_path, *words, *blocked, **slurm))[1]
    assert len(queued(slurm)) == 2 and "2 runs in the queue" in again, again  # not submitted twice
    subprocess.run(["scancel", array_of(queued(slurm)[0])], env={**slurm}, check=True)
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "2 of 2 runs done" in output, output


def test_stages_go_on_from_job_to_job(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp,cnn", seeds(3), "study.stages=[2,3]", "study.margin=5")
    words = (*words, *SLURM, "hydra.launcher.wait=false", "hydra.launcher.runs_per_job=4")
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "4 runs in the queue" in output and "continues the study" in output, output
    until_empty(slurm)
    study = tmp_path / "outputs/s"
    assert len(json.loads((study / "stages.json").read_text())["looks"]) == 2
    assert len(list(study.glob("*/seed=*/model.pt"))) == 6


def test_a_search_goes_on_from_job_to_job(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "optimizer.lr=interval(0.001,0.1)")
    search = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=4", "hydra.sweeper.n_jobs=2", "hydra.sweeper.pruner=null")
    words = (*words, *search, *SLURM, "hydra.launcher.wait=false", "hydra.launcher.runs_per_job=2")
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "continues the study" in output, output
    until_empty(slurm)
    assert len(list((tmp_path / "outputs/s").glob("*/seed=*/model.pt"))) == 4


def test_a_study_that_cannot_go_on_stops(tmp_path, slurm):
    """A run that ends without a result is not submitted again and again by the jobs that continue the study."""
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", seeds(3), "study.stages=[2,3]", "study.margin=5")
    words = (*words, "normalization=none,batch", *SLURM, "hydra.launcher.wait=false", "hydra.launcher.setup=[exit 1]")
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0, output
    until_empty(slurm)
    assert [len(job["runs"]) for job in recorded(tmp_path / "outputs/s")] == [1, 1, 1, 1, 0]


def test_no_more_jobs_than_the_site_allows(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp,cnn", seeds(2), *SLURM, "hydra.launcher.max_jobs=1")
    status, output = finish(start(tmp_path, *words, "hydra.launcher.wait=false", **slurm))
    assert status == 0 and "1 run in the queue" in output and "3 runs not submitted yet" in output, output
    until_empty(slurm)
    assert len(list((tmp_path / "outputs/s").glob("*/seed=*/model.pt"))) == 4


def test_without_slurm_the_study_is_refused(tmp_path):
    status, output = finish(start(tmp_path, "train", "-m", "study.name=s", *SMALL, *SLURM, PATH="/nowhere"))
    assert status == 2 and "Slurm is not available" in output
