"""What Slurm knows: the user's jobs in the queue, and how many jobs the site allows."""

import getpass
import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate.runs import submitted_jobs
from ablate.runs.submitted_jobs import SubmittedJob
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, printable

SECONDS = 20.0  # for an answer of Slurm
DEFAULT_ARRAY_SIZE = 1001  # MaxArraySize, where a site has not changed it
SUFFIX = re.compile(rf"-({submitted_jobs.ARRAY})$")  # of the names in the queue, which start with that of the study


@dataclass(frozen=True)
class QueuedJob:
    """A job in the queue.

    Attributes:
        id: Slurm's, of its array if it is in one.
        state: such as PENDING or RUNNING.
        reason: why it is pending.
        node: where it runs.
    """

    id: str
    state: str
    reason: str
    node: str


# By the name in jobs.json, one entry for each job of an array; other jobs of this user by their ID.
Queue = Mapping[str, QueuedJob]


def read() -> Queue:
    """The jobs of this user that are pending or running.

    Raises:
        InputError: Slurm does not answer. Jobs must not be taken for ended then.
    """
    command = ["squeue", f"--user={getpass.getuser()}", "--array", "--noheader", "--format=%i|%T|%r|%N|%j"]
    jobs = {}
    for line in _output(command).splitlines():
        job, state, reason, node, name = line.strip().split("|", 4)
        array, _, number = job.partition("_")
        ours = SUFFIX.search(name)
        jobs[submitted_jobs.name_of(ours[1], int(number or 0)) if ours else job] = QueuedJob(array, state, reason, node)
    return jobs


def arrays(jobs: Sequence[SubmittedJob], queue: Queue) -> list[str]:
    """Slurm's IDs of those of these jobs that are in the queue, each array once."""
    return list(dict.fromkeys(queue[job.name].id for job in jobs if job.name in queue))


@dataclass(frozen=True)
class Limits:
    """How many jobs the site allows.

    Attributes:
        array_size: jobs in an array.
        submitted: jobs of a user in the queue; None: no limit is known.
    """

    array_size: int
    submitted: int | None


def limits() -> Limits:
    """The limits of this site. A site without accounting has none for each user."""
    config = _output(["scontrol", "show", "config"])
    size = re.search(r"^MaxArraySize\s*=\s*(\d+)", config, re.MULTILINE)
    association = ["show", "association", "where", f"user={getpass.getuser()}", "format=MaxSubmitJobs"]
    try:
        answer = _output(["sacctmgr", "--noheader", "--parsable2", *association])
    except InputError:
        answer = ""
    submitted = [int(line) for line in answer.split() if line.isdigit()]
    return Limits(max(1, int(size[1])) if size else DEFAULT_ARRAY_SIZE, min(submitted, default=None))


def live_jobs(folder: Path, queue: Queue) -> list[SubmittedJob]:
    """The recorded jobs of a study that are in the queue."""
    return [job for job in submitted_jobs.read(folder) if job.name in queue]


def summary(folder: Path) -> str:
    """The jobs of a study in the queue, in a sentence; empty if it was never submitted to a cluster."""
    recorded = submitted_jobs.read(folder)
    if not recorded:
        return ""
    try:
        queue = read()
    except InputError as error:
        return f"Slurm: {error}"
    states = [queue[job.name] for job in recorded if job.name in queue]
    return f"Slurm: {described(states)}." if states else "Slurm: no job is left in the queue."


def described(states: Sequence[QueuedJob]) -> str:
    """Number of jobs by state, their nodes, and why the others are pending."""
    parts = []
    for state, count in sorted(Counter(job.state for job in states).items(), reverse=True):
        alike = [job for job in states if job.state == state]
        places = first_few(sorted({printable(job.node) for job in alike if job.node}), 3)
        reasons = Counter(printable(job.reason) for job in alike if job.reason != "None")
        detail = f" on {places}" if places else f" ({first_few(reasons, 3)})" if reasons else ""
        parts.append(f"{count} {printable(state.lower())}{detail}")
    return ", ".join(parts)


def _output(command: Sequence[str]) -> str:
    """Standard output of a command of Slurm; InputError if it fails."""
    try:
        completed = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=SECONDS, check=True
        )
        return completed.stdout
    except FileNotFoundError:
        reason = "is not installed here, so Slurm is not available. Use a login node of the cluster"
    except subprocess.TimeoutExpired:
        reason = f"has not answered within {SECONDS:.0f} s. Try again later"
    except subprocess.CalledProcessError as error:
        message = " ".join(error.stderr.split()) or f"exit status {error.returncode}"
        reason = f"failed ({printable(message)}). Try again later"
    raise InputError(f"{command[0]} {reason}.")
