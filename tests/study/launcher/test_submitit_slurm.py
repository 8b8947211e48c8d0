"""Studies on a real Slurm of one node."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.debian import need
from tests.processes import SMALL, finish, record, start, until

pytestmark = pytest.mark.integration
SCRIPTS = Path(__file__).resolve().parents[2] / "slurm"
SLURM = ("hydra/launcher=submitit_slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.timeout_min=10")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment of the clients of a Slurm."""
    need(["slurmctld", "slurmd", "munged", "sbatch"], ["munge", "slurmctld", "slurmd", "slurm-client"])
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([SCRIPTS / "start", folder], capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    yield dict(line.split("=", 1) for line in started.stdout.splitlines())
    subprocess.run([SCRIPTS / "stop", folder])


def test_a_study_is_an_array_of_jobs(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL[:3], "model=mlp,cnn", "normalization=none,batch", *SLURM)
    status, said = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "4 of 4 runs done" in said, said
    for run in (tmp_path / "outputs/s").glob("*/seed=0"):
        assert record(run)["status"] == "completed" and record(run)["environment"]["threads"] == 1
        assert record(run)["rerun"].endswith("trainer.threads=1")
    jobs = [path.name.partition("_") for path in (tmp_path / "outputs/s/.submitit").glob("[0-9]*_[0-9]*")]
    assert {number for _, _, number in jobs} == {"0", "1", "2", "3"} and len({array for array, _, _ in jobs}) == 1
    again = finish(start(tmp_path, *words, **slurm))
    assert again[0] == 0 and "4 of them already done" in again[1]


@pytest.mark.parametrize("sign", ["KILL", "USR2"])  # as for want of memory, and as before the time limit
def test_a_job_that_is_ended_costs_its_run_alone(tmp_path, slurm, sign):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=1,2,100000", *SLURM)
    process = start(tmp_path, *words, **slurm)
    runs = tmp_path / "outputs/s"
    others = [runs / "baseline/seed=0/model.pt", runs / "trainer.epochs=2/seed=0/model.pt"]
    state = runs / "trainer.epochs=100000/seed=0/checkpoint.pt"
    until(lambda: state.exists() and all(map(Path.exists, others)), process)
    command = ["squeue", "--noheader", "--states=R", "--Format=JobID"]
    listed = subprocess.run(command, env={**slurm}, capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["scancel", f"--signal={sign}", listed[-1]], env={**slurm}, check=True)
    status, said = finish(process)
    assert status == 1 and "2 of 3 runs done" in said, said
    assert "trainer.epochs=100000/seed=0" in said and "interrupted" in said
    assert (runs / "trainer.epochs=100000/seed=0/checkpoint.pt").exists()


def test_what_slurm_will_not_start_is_said(tmp_path, slurm):
    """More cores than the node has: Slurm keeps the job, pending, for ever."""
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp,cnn", *SLURM, "hydra.launcher.cpus_per_task=1000")
    process = start(tmp_path, *words, **slurm)
    said = next(line for line in process.stderr if "squeue's reason" in line)
    process.send_signal(signal.SIGINT)
    assert "Slurm does not start jobs for now: " in said and finish(process)[0] == 130
    listed = subprocess.run(["squeue", "--noheader"], env={**slurm}, capture_output=True, text=True, check=True)
    assert listed.stdout == ""  # the jobs were cancelled


def test_without_a_slurm_it_is_refused(tmp_path):
    status, said = finish(start(tmp_path, "train", "-m", "study.name=s", *SMALL, *SLURM, PATH="/nowhere"))
    assert status == 2 and "There is no Slurm here" in said
