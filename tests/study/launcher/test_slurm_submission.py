"""Submissions to a real Slurm that are interrupted, whose answer is lost, or that the site refuses."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.processes import ROOT, SMALL, alone, epochs, finish, record, start, until
from tests.slurm.cluster import SLURM, cluster, queued, recorded, seeds, until_empty

pytestmark = pytest.mark.integration
LEAVE = "hydra.launcher.wait=false"
LATER = ("trainer.epochs=1000", "trainer.epochs=2")
KILL = "kill -9 $PPID"
# What `sbatch` does while the command that calls it is killed, or does not get its answer.
INTERRUPTIONS = {
    "before": KILL,
    "after": f'{{sbatch}} "$@"; {KILL}',
    "late": f'{KILL}; until [ -e {{go}} ]; do sleep 0.1; done; exec {{sbatch}} "$@"',
    "no answer": '{sbatch} "$@"; echo "sbatch: error: Batch job submission failed: Socket timed out" >&2; exit 1',
}
# Limits of accounts, which a Slurm without a database does not have; here of three jobs, in the words of Slurm.
LIMITS = ("QOSMaxSubmitJobPerUserLimit", "AssocMaxSubmitJobLimit", "AssocGrpSubmitJobsLimit")
WORDS = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
LIMITED = """
count=1
for word in "$@"; do case $word in --array=0-*) count=${{word#--array=0-}}; count=$((${{count%%%*}} + 1));; esac; done
if [ $(($(squeue --noheader --array | wc -l) + count)) -gt 3 ]; then
    echo "sbatch: error: {reason}" >&2
    echo "sbatch: error: Batch job submission failed: {words}" >&2
    exit 1
fi
exec {sbatch} "$@"
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment variables of the clients of a Slurm that keeps at most six jobs, ended ones for two seconds."""
    with cluster(tmp_path_factory.mktemp("slurm"), "MaxJobCount=6", "MinJobAge=2") as environment:
        yield environment


def in_front(folder: Path, slurm: dict[str, str], script: str) -> dict[str, str]:
    """The environment with a script in front of `sbatch`."""
    (folder / "bin").mkdir()
    path = folder / "bin/sbatch"
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)
    return {**slurm, "PATH": f"{path.parent}{os.pathsep}{slurm['PATH']}"}


def trained(study: Path) -> Counter[str]:
    """How often each run was trained to its end."""
    return Counter({str(log.parent): log.read_text().count("completed: ") for log in study.glob("*/seed=*/train.log")})


@pytest.mark.parametrize("moment", INTERRUPTIONS)
def test_a_submission_whose_command_is_killed_is_neither_lost_nor_repeated(tmp_path, slurm, moment):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", seeds(4), *SLURM, "hydra.launcher.runs_per_job=2")
    words = (*words, "+hydra.launcher.additional_parameters.hold=true")
    script = INTERRUPTIONS[moment].format(sbatch="/usr/bin/sbatch", go=tmp_path / "go")
    status, _ = finish(start(tmp_path, *words, LEAVE, **in_front(tmp_path, slurm, script)))
    assert status == (0 if moment == "no answer" else -9)
    jobs = queued(slurm)
    assert len(jobs) == (0 if moment in ("before", "late") else 2)  # held in the queue
    status, output = finish(start(tmp_path, *words, LEAVE, **slurm))
    assert status == 0 and "4 runs in the queue" in output and "scancel" in output, output
    assert moment in ("before", "late") or set(queued(slurm)) == set(jobs)
    (tmp_path / "go").touch()
    process = start(tmp_path, *words, **slurm)
    until(lambda: len(queued(slurm)) == (4 if moment == "late" else 2), process)
    subprocess.run(["scontrol", "release", *queued(slurm)], env={**slurm}, check=True)
    status, output = finish(process)
    assert status == 0 and "4 of 4 runs done" in output, output
    until_empty(slurm)
    assert set(trained(tmp_path / "outputs/s").values()) == {1} and len(trained(tmp_path / "outputs/s")) == 4


@pytest.mark.parametrize("reason", LIMITS)
def test_what_a_limit_of_the_site_leaves_out_is_submitted_by_the_same_command(tmp_path, slurm, reason):
    script = LIMITED.format(reason=reason, words=WORDS, sbatch="/usr/bin/sbatch")
    limited = in_front(tmp_path, slurm, script)
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", seeds(5), *SLURM)
    status, output = finish(start(tmp_path, *words, LEAVE, **limited))
    assert status == 0 and "3 runs in the queue" in output and "2 runs not submitted yet" in output, output
    assert reason in output and "hydra.launcher.runs_per_job" in output and "the same command" in output
    assert len(recorded(tmp_path / "outputs/s")) == 3  # those accepted
    status, output = finish(start(tmp_path, *words, **limited))
    assert status == 0 and "5 of 5 runs done" in output, output
    assert len(recorded(tmp_path / "outputs/s")) == 5


def test_a_full_queue(tmp_path, slurm):
    until_empty(slurm)
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", seeds(9), *SLURM)
    status, output = finish(start(tmp_path, *words, LEAVE, **slurm))
    assert status == 0 and "not submitted yet" in output and "the same command" in output, output
    assert "for now (Slurm temporarily unable to accept job)." in output
    assert 0 < len([job for job in recorded(tmp_path / "outputs/s") if job["runs"]]) < 9
    status, output = finish(start(tmp_path, *words, **slurm))
    assert status == 0 and "9 of 9 runs done" in output, output


def test_a_job_that_no_site_accepts_is_refused_in_a_sentence(tmp_path, slurm):
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", seeds(2), *SLURM, "hydra.launcher.partition=gone")
    status, output = finish(start(tmp_path, *words, LEAVE, **slurm))
    assert status == 2 and "Slurm refuses the jobs: " in output and "invalid partition" in output, output
    assert recorded(tmp_path / "outputs/s") == []


def test_jobs_train_with_the_code_that_they_find_when_they_start(tmp_path, slurm):
    """Finished runs stay, an interrupted one starts over, and the report names the versions."""
    for name in ("ablate", "analysis", "conf", "hydra_plugins"):
        shutil.copytree(ROOT / name, tmp_path / "code" / name, symlinks=True)
    slurm = {**slurm, "PYTHONPATH": str(tmp_path / "code")}
    words = ("train", "-m", "study.name=s", *SMALL, "model=mlp", "trainer.epochs=1,1000,2", *SLURM)
    words = (*words, "+hydra.launcher.additional_parameters.hold=true")
    status, output = finish(start(tmp_path, *words, LEAVE, **slurm))
    assert status == 0, output
    first, second, third = sorted(queued(slurm))
    process = start(tmp_path, *words, **slurm)
    subprocess.run(["scontrol", "release", first, second], env=slurm, check=True)
    done, long, last = (tmp_path / "outputs/s" / f"{name}/seed=0" for name in ("baseline", *LATER))
    until(lambda: (done / "model.pt").exists() and epochs(long) > 5, process)
    with open(tmp_path / "code/ablate/loss.py", "a") as file:
        file.write("# An update.\n")
    subprocess.run(["scontrol", "requeue", second], env=slurm, check=True)
    subprocess.run(["scontrol", "release", second, third], env=slurm, check=True)
    status, output = finish(process)
    assert status == 0 and "3 of 3 runs done" in output, output
    old, new, newest = (record(run)["code_sha256"] for run in (done, long, last))
    assert old != new == newest and "resumes from" not in (long / "train.log").read_text()
    ended = alone(tmp_path, "report", "s", root=tmp_path / "code")
    assert f"different versions of the code: {old[:12]} (1 run), {new[:12]} (2 runs)" in ended.stdout, ended
