"""A real Slurm of one node, and what its queue holds."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tests.debian import need

SCRIPTS = Path(__file__).parent
SLURM = ("hydra/launcher=submitit_slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.timeout_min=10")


@contextmanager
def cluster(folder: Path, *settings: str) -> Iterator[dict[str, str]]:
    """Start Slurm with further lines of slurm.conf; yield the environment variables of its clients."""
    need(["slurmctld", "slurmd", "munged", "sbatch"], ["munge", "slurmctld", "slurmd", "slurm-client"])
    with FileLock(Path(tempfile.gettempdir()) / "ablate-slurm.lock"):  # each has the same ports
        started = subprocess.run([SCRIPTS / "start", folder, *settings], capture_output=True, text=True)
        assert started.returncode == 0, started.stderr
        yield dict(line.split("=", 1) for line in started.stdout.splitlines())
        subprocess.run([SCRIPTS / "stop", folder])


def queued(slurm, *states) -> list[str]:
    """The IDs of the jobs in the queue."""
    command = ["squeue", "--noheader", "--array", "--format=%i", *(f"--states={state}" for state in states)]
    return subprocess.run(command, env={**slurm}, capture_output=True, text=True, check=True).stdout.split()


def array_of(job: str) -> str:
    """The ID of the array of a job, for scancel."""
    return job.partition("_")[0]


def until_empty(slurm) -> None:
    """Return when no job is left in the queue."""
    subprocess.run(
        ["bash", "-c", "while squeue --noheader | grep -q .; do sleep 0.5; done"], env={**slurm}, timeout=300
    )
    assert queued(slurm) == []


def recorded(study: Path) -> list[dict]:
    """The jobs in jobs.json."""
    return json.loads((study / "jobs.json").read_text())["jobs"]


def seeds(count: int) -> str:
    return f"seed={','.join(map(str, range(count)))}"
