"""Studies on a real Slurm cluster of one node."""

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
    """Start Slurm; yield the environment variables of its clients."""
    need(["slurmctld", "slurmd", "munged", "sbatch"], ["munge", "slurmctld", "slurmd", "slurm-client"])
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([SCRIPTS / "start", folder], capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    yield dict(line.split("=", 1) for line in started.stdout.splitlines())
    subprocess.run([SCRIPTS / "stop", folder])


def test_a_study_is_a_job_array(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL[:3], "model=mlp,cnn", "normalization=none,batch", *SLURM)
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "4 of 4 runs done" in output, output
    for run in (tmp_path / "outputs/s").glob("*/seed=0"):
        assert record(run)["status"] == "completed" and record(run)["environment"]["threads"] == 1
        assert record(run)["rerun"].endswith("trainer.threads=1")
    jobs = [path.name.partition("_") for path in (tmp_path / "outputs/s/.submitit").glob("[0-9]*_[0-9]*")]
    assert {number for _, _, number in jobs} == {"0", "1", "2", "3"} and len({array for array, _, _ in jobs}) == 1
    again = finish(start(tmp_path, *words, **slurm))
    assert again[0] == 0 and "4 of them already done" in again[1]


def test_files_in_the_current_folder_are_not_executed(tmp_path, slurm):
    """Also on clusters whose jobs do not inherit the environment of the command, and its PYTHONSAFEPATH."""
    for name in ("triton", "sitecustomize", "hydra", "omegaconf", "yaml", "msgspec", "submitit"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})")
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", *SLURM, "hydra.launcher.setup=[unset PYTHONSAFEPATH]")
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "1 of 1 runs done" in output, output
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()


@pytest.mark.parametrize("sign", ["KILL", "USR2"])  # out of memory; time limit
def test_a_killed_job_only_loses_its_run(tmp_path, slurm, sign):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=1,2,100000", *SLURM)
    process = start(tmp_path, *words, **slurm)
    runs = tmp_path / "outputs/s"
    others = [runs / "baseline/seed=0/model.pt", runs / "trainer.epochs=2/seed=0/model.pt"]
    state = runs / "trainer.epochs=100000/seed=0/checkpoint.pt"
    until(lambda: state.exists() and all(map(Path.exists, others)), process)
    command = ["squeue", "--noheader", "--states=R", "--Format=JobID"]
    listed = subprocess.run(command, env={**slurm}, capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["scancel", f"--signal={sign}", listed[-1]], env={**slurm}, check=True)
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
    listed = subprocess.run(["squeue", "--noheader"], env={**slurm}, capture_output=True, text=True, check=True)
    assert listed.stdout == ""  # the jobs were cancelled


def test_without_slurm_the_study_is_refused(tmp_path):
    status, output = finish(start(tmp_path, "train", "-m", "study.name=s", *SMALL, *SLURM, PATH="/nowhere"))
    assert status == 2 and "Slurm is not available" in output
