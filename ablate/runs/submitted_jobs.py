"""`jobs.json`: the cluster jobs that were submitted for the runs of a study.

A job is recorded before it is submitted, by a name of our own: a command that is killed meanwhile loses no job.
"""

import secrets
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from ablate.files import bounded
from ablate.runs import json_file
from ablate.runs.json_file import Record

FILE = "jobs.json"
LOCK = f".{FILE}.lock"  # held while jobs are submitted
LARGEST = json_file.Limit(32 * bounded.MIB, 2**20)
ARRAY = "s[0-9a-f]{10}"  # the name of jobs that are submitted together
JobName = Annotated[str, msgspec.Meta(pattern=rf"^{ARRAY}_[0-9]{{1,9}}\Z")]


class SubmittedJob(Record, frozen=True, kw_only=True):
    """A job.

    Attributes:
        name: of its array and its number in it; the queue has it too. Slurm's ID is not known before the submission.
        runs: their folders; empty for a job that submits what follows.
    """

    name: JobName
    runs: list[str]


class JobLog(Record, frozen=True, kw_only=True):
    """The content of jobs.json: the jobs in the order of their submission, those included that were never accepted."""

    schema: int = json_file.SCHEMA
    jobs: list[SubmittedJob]


def read(folder: Path) -> list[SubmittedJob]:
    """The jobs of the study in a folder; empty if none was submitted. InputError if the file is not valid."""
    path = folder / FILE
    if not path.is_file():
        return []
    return json_file.read(path, JobLog, "a study on a cluster", LARGEST, "Delete it once no job of it is left.").jobs


def add(folder: Path, jobs: Sequence[SubmittedJob]) -> None:
    """Add jobs to those of the study in a folder."""
    json_file.write(folder / FILE, JobLog(jobs=[*read(folder), *jobs]))


def remove(folder: Path, jobs: Collection[SubmittedJob]) -> None:
    """Remove jobs that the cluster has refused."""
    json_file.write(folder / FILE, JobLog(jobs=[job for job in read(folder) if job not in jobs]))


def new_array() -> str:
    """A name for jobs that are submitted together."""
    return f"s{secrets.token_hex(5)}"


def name_of(array: str, number: int) -> str:
    """The name of a job of an array."""
    return f"{array}_{number}"
