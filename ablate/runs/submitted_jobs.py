"""`jobs.json`: the cluster jobs that were submitted for the runs of a study."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from ablate.files import bounded
from ablate.runs import json_file
from ablate.runs.json_file import Record

FILE = "jobs.json"
LOCK = f".{FILE}.lock"  # held while jobs are submitted
LARGEST = json_file.Limit(32 * bounded.MIB, 2**20)
JobID = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}(_[0-9]{1,9})?\Z")]  # of a job, or of one in an array


class SubmittedJob(Record, frozen=True, kw_only=True):
    """A job.

    Attributes:
        id: of the job in Slurm.
        runs: their folders; empty for a job that submits what follows.
    """

    id: JobID
    runs: list[str]


class JobLog(Record, frozen=True, kw_only=True):
    """The content of jobs.json: the jobs in the order of their submission."""

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


def array_of(job: str) -> str:
    """The ID of the array that a job belongs to; of any other job its own."""
    return job.partition("_")[0]


def arrays_of(jobs: Sequence[SubmittedJob]) -> list[str]:
    """The IDs for `scancel`, each array once."""
    return list(dict.fromkeys(array_of(job.id) for job in jobs))
