"""Submit runs of a study to Slurm: several in a job, jobs in arrays, within the limits of the site."""

import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock

from ablate.files.lock import is_locked
from ablate.runs import submitted_jobs
from ablate.runs.submitted_jobs import SubmittedJob
from ablate.study import slurm_queue
from ablate.study.launcher import Jobs
from ablate.study.launcher.slurm_job import SlurmJob
from ablate.terminal.errors import InputError

Item = TypeVar("Item")

if TYPE_CHECKING:
    import submitit

log = logging.getLogger(__name__)
# Parameters that submitit takes without the prefix `slurm_`.
COMMON = ("timeout_min", "cpus_per_task", "gpus_per_node", "mem_gb", "nodes", "tasks_per_node", "name")
PYTHON = f"{shlex.quote(sys.executable)} -P"  # without the current folder on its search path
RETRY = "now+10minutes"  # when there is no room in the queue
FOLLOW_UP = "ABLATE_FOLLOW_UP"  # set in a job that continues a study
SHARED = ("partition", "account", "qos", "constraint", "exclude")  # options that a follow-up job has too


@dataclass
class Submission:
    """Submits the runs of a launch.

    Attributes:
        jobs: the runs.
        study: folder of the study.
        executor: of submitit.
        runs_per_job, runs_at_once: runs of a Slurm job, and how many of them are trained at the same time.
        max_num_timeout: how often a job is requeued after its time limit.
        max_jobs: Slurm jobs of the study in the queue; None: as many as the site allows.
    """

    jobs: Jobs
    study: Path
    executor: "submitit.AutoExecutor"
    runs_per_job: int
    runs_at_once: int
    max_num_timeout: int
    max_jobs: int | None

    def __post_init__(self) -> None:
        self.limits = slurm_queue.limits()

    def submit(self, indices: Sequence[int]) -> list[int]:
        """Submit the runs that are neither in the queue nor being trained.

        A follow-up job does not submit a run twice: a job that ends without a result would be repeated for ever.

        Returns:
            The runs for which there is no room in the queue.

        Raises:
            InputError: Slurm refuses a job, or does not answer.
        """
        with FileLock(self.study / submitted_jobs.LOCK):
            queue, known = slurm_queue.read(), submitted_jobs.read(self.study)
            busy = {run for job in known if job.id in queue or FOLLOW_UP in os.environ for run in job.runs}
            free = [index for index in indices if not (self.jobs[index].folder in busy or self._locked(index))]
            batches = _chunks(free, self.runs_per_job)
            room = min(len(batches), self._room(queue, [job for job in known if job.id in queue and job.runs]))
            for array in _chunks(batches[:room], self.limits.array_size):
                self._submit_array(array)
        return [index for batch in batches[room:] for index in batch]

    def _room(self, queue: slurm_queue.Queue, own: Sequence[SubmittedJob]) -> int:
        """Number of jobs that may be submitted. One place of the site's is left for a job that continues the study."""
        left = [] if self.max_jobs is None else [self.max_jobs - len(own)]
        if self.limits.submitted is not None:
            left.append(self.limits.submitted - len(queue) - 1)
        return max(0, min(left, default=len(self.jobs)))

    def _submit_array(self, batches: Sequence[Sequence[int]]) -> None:
        with refused_in_a_sentence(), self.executor.batch():
            handles = [self.executor.submit(self._job(batch)) for batch in batches]
        folders = [[self.jobs[index].folder for index in batch] for batch in batches]
        pairs = zip(handles, folders, strict=True)
        submitted_jobs.add(self.study, [SubmittedJob(id=handle.job_id, runs=runs) for handle, runs in pairs])

    def _job(self, batch: Sequence[int]) -> SlurmJob:
        tasks = [(index, self.jobs[index].number, self.jobs[index].overrides) for index in batch]
        return SlurmJob(self.jobs[batch[0]], tasks, self.runs_at_once, self.max_num_timeout)

    def _locked(self, index: int) -> bool:
        return is_locked(self.study / self.jobs[index].folder)


def executor_of(folder: str, settings: Mapping[str, Any]) -> "submitit.AutoExecutor":
    """Submits jobs with these settings, whose files are in the folder; InputError without submitit or Slurm."""
    try:
        import submitit
    except ModuleNotFoundError:
        raise InputError("hydra/launcher=submitit_slurm needs submitit: pip install 'hydra-ablate[cluster]'.") from None
    try:
        executor = submitit.AutoExecutor(folder, cluster="slurm", slurm_python=PYTHON)
    except RuntimeError:
        raise InputError("Slurm is not available (no srun). Start the study on a login node of the cluster.") from None
    additional = {"requeue": True, **(settings.get("additional_parameters") or {})}  # after a preemption
    parameters = {**settings, "additional_parameters": additional}
    known = {name: value for name, value in parameters.items() if value not in (None, {}, [])}
    executor.update_parameters(**{name if name in COMMON else f"slurm_{name}": value for name, value in known.items()})
    return executor


def with_gpus(settings: Mapping[str, Any], trainer: Any, runs_at_once: int) -> dict[str, Any]:
    """The settings with the GPUs that a run on several devices needs; its job starts a process for each.

    Args:
        settings: of the launcher.
        trainer: the trainer's settings of the runs.
        runs_at_once: runs that share the job's GPUs.

    Raises:
        InputError: the job has too few GPUs, or several runs share them.
    """
    devices, gpus = trainer.devices, settings.get("gpus_per_node")
    if devices == 1 or trainer.device == "cpu":
        return dict(settings)
    if runs_at_once > 1:
        raise InputError(f"trainer.devices={devices} needs hydra.launcher.runs_at_once=1, not {runs_at_once}.")
    if gpus and gpus < devices:
        raise InputError(f"trainer.devices={devices} needs hydra.launcher.gpus_per_node={devices}, not {gpus}.")
    asks = trainer.device == "cuda" and gpus is None and not settings.get("gres")
    return {**settings, "gpus_per_node": devices} if asks else dict(settings)


def follow_up(study: Path, after: Sequence[str], command: Sequence[str], settings: Mapping[str, Any]) -> str | None:
    """Submit a job that runs a command when jobs have ended.

    Args:
        study: folder of the study.
        after: the IDs of these jobs.
        command: the command.
        settings: of the launcher; `follow_up` has further options of sbatch.

    Returns:
        The ID of the job; None if one is in the queue.
    """
    with FileLock(study / submitted_jobs.LOCK):
        own = os.environ.get("SLURM_JOB_ID")
        queue = slurm_queue.read()
        if any(not job.runs and job.id != own for job in slurm_queue.live_jobs(study, queue)):
            return None
        options = {name: settings.get(name) for name in SHARED}
        options |= {
            "time": settings["timeout_min"],
            "job-name": f"{study.name}-follow-up",
            "output": study / ".submitit/follow-up.log",
        }
        options |= {"open-mode": "append", "parsable": True, "export": f"ALL,{FOLLOW_UP}=1"}
        options |= {"dependency": ":".join(["afterany", *after])} if after else {"begin": RETRY}
        options |= settings["follow_up"]
        words = [f"--{name}" if value is True else f"--{name}={value}" for name, value in options.items() if value]
        script = "\n".join(["#!/bin/bash", *settings["setup"], f"exec {shlex.join(command)}"])
        (study / ".submitit").mkdir(exist_ok=True)
        completed = subprocess.run(["sbatch", *words], input=script, capture_output=True, text=True)
        if completed.returncode:
            log.warning("The study does not continue by itself: %s", " ".join(completed.stderr.split()))
            return None
        job = completed.stdout.partition(";")[0].strip()
        submitted_jobs.add(study, [SubmittedJob(id=job, runs=[])])
        return job


@contextmanager
def refused_in_a_sentence() -> Iterator[None]:
    """Raise InputError with Slurm's reason if it refuses a job in the block."""
    import submitit

    try:
        yield
    except submitit.core.utils.FailedJobError as error:
        raise InputError(f"Slurm refuses the jobs: {' '.join(str(error).split())}") from None


def _chunks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
