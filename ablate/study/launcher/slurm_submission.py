"""Submit runs of a study to Slurm: several in a job, jobs in arrays, within the limits of the site."""

import logging
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from ablate.files import atomic
from ablate.files.lock import is_locked
from ablate.runs import submitted_jobs
from ablate.runs.submitted_jobs import SubmittedJob
from ablate.study import slurm_queue
from ablate.study.launcher import Jobs, sbatch
from ablate.study.launcher.recorded_end import recorded_end
from ablate.study.launcher.slurm_job import SlurmJob
from ablate.terminal.errors import InputError

Item = TypeVar("Item")

log = logging.getLogger(__name__)
PYTHON = f"{shlex.quote(sys.executable)} -P"  # without the current folder on its search path
RETRY = "now+10minutes"  # when there is no room in the queue
FOLLOW_UP = "ABLATE_FOLLOW_UP"  # set in a job that continues a study


@dataclass
class Submission:
    """Submits the runs of a launch.

    Attributes:
        jobs: the runs.
        study: folder of the study.
        files: folder of the files of the jobs, with `%j` for their name.
        settings: of the launcher.
        runs_per_job, runs_at_once: runs of a Slurm job, and how many of them are trained at the same time.
        max_num_timeout: how often a job is requeued after its time limit.
        max_jobs: Slurm jobs of the study in the queue; None: as many as the site allows.
        refusal: why there is no room for more jobs; empty: all are in the queue.
    """

    jobs: Jobs
    study: Path
    files: str
    settings: Mapping[str, Any]
    runs_per_job: int
    runs_at_once: int
    max_num_timeout: int
    max_jobs: int | None
    refusal: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.limits = slurm_queue.limits()
        self.array_size = self.limits.array_size  # smaller while the queue is nearly full

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
            busy = {run for job in known if job.name in queue or FOLLOW_UP in os.environ for run in job.runs}
            # In this order: a job leaves the queue after its runs have recorded how they ended.
            free = [index for index in indices if self.jobs[index].folder not in busy and not self._started(index)]
            batches = _chunks(free, self.runs_per_job)
            room, limit = self._room(queue, sum(job.name in queue and bool(job.runs) for job in known))
            accepted = self._submit_arrays(batches[:room])
            self.refusal = self.refusal or ("" if room >= len(batches) else limit)
        return [index for batch in batches[accepted:] for index in batch]

    def _room(self, queue: slurm_queue.Queue, in_queue: int) -> tuple[int, str]:
        """Number of jobs that may be submitted, and the limit; `in_queue` jobs of the study are in the queue.

        A place is left for a job that continues the study.
        """
        room = [(len(self.jobs), "")]
        if self.max_jobs is not None:
            room.append((self.max_jobs - in_queue, f"hydra.launcher.max_jobs={self.max_jobs}"))
        if (most := self.limits.submitted) is not None:
            room.append((max(1, most - 1) - len(queue), f"the site's limit for your account is MaxSubmitJobs={most}"))
        smallest, limit = min(room)
        return max(0, smallest), limit

    def _submit_arrays(self, batches: Sequence[Sequence[int]]) -> int:
        """Submit jobs until the queue is full; return how many were accepted. An array that does not fit is halved."""
        accepted, self.refusal = 0, ""
        while accepted < len(batches) and not self.refusal:
            array = batches[accepted : accepted + self.array_size]
            try:
                self._submit_array(array)
            except sbatch.QueueIsFull as full:
                self.refusal = str(full) if len(array) == 1 else ""
                self.array_size = max(1, len(array) // 2)
            except InputError as error:
                stay = " The jobs submitted before stay in the queue." if accepted else ""
                raise InputError(f"{error}{stay}") from None
            else:
                accepted += len(array)
                self.array_size = min(self.limits.array_size, 2 * self.array_size)
        return accepted

    def _submit_array(self, batches: Sequence[Sequence[int]]) -> None:
        import cloudpickle  # type: ignore[import-untyped]  # the main function of a run is decorated

        array = submitted_jobs.new_array()
        folder = Path(self.files.replace("%j", array)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        for number, batch in enumerate(batches):
            atomic.write_bytes(folder / f"{number}.pkl", cloudpickle.dumps(self._job(batch)))
        command = f"srun --unbuffered --cpus-per-task={self.settings['cpus_per_task']} {PYTHON} -u -m"
        command += f" ablate.study.launcher.slurm_job {shlex.quote(str(folder))}/${{SLURM_ARRAY_TASK_ID:-0}}.pkl"
        options = sbatch.options(self.settings)
        if len(batches) > 1:
            options["array"] = f"0-{len(batches) - 1}%{min(len(batches), self.settings['array_parallelism'])}"
        options["output"] = f"{str(folder).replace('%', '%%')}/{'%a' if len(batches) > 1 else 0}.log"
        path = folder / "job.sh"
        atomic.write_text(path, sbatch.script(self.settings["setup"], command))
        runs = [[self.jobs[index].folder for index in batch] for batch in batches]
        submit_recorded(self.study, array, runs, path, options)

    def _job(self, batch: Sequence[int]) -> SlurmJob:
        tasks = [(index, self.jobs[index].number, self.jobs[index].overrides) for index in batch]
        return SlurmJob(self.jobs[batch[0]], tasks, self.runs_at_once, self.max_num_timeout)

    def _started(self, index: int) -> bool:
        """Whether a run is being trained, or has ended since this command has started."""
        folder = self.study / self.jobs[index].folder
        return is_locked(folder) or recorded_end(folder) is not None


def submit_recorded(
    study: Path, array: str, runs: Sequence[Sequence[str]], script: Path, options: Mapping[str, Any]
) -> None:
    """Record jobs in jobs.json, then submit them under their name, by which the queue is searched for them.

    So it does not matter whether this process, or the answer of Slurm, is lost on the way.

    Args:
        study: folder of the study.
        array: the name of the jobs.
        runs: the folders of the runs of each job.
        script, options: for sbatch.

    Raises:
        sbatch.QueueIsFull, InputError: Slurm refuses the jobs, which are not recorded then; or it does not answer.
    """
    jobs = [SubmittedJob(name=submitted_jobs.name_of(array, number), runs=list(of)) for number, of in enumerate(runs)]
    submitted_jobs.add(study, jobs)
    try:
        sbatch.submit(script, {**options, "job-name": f"{study.name}-{array}"})
    except (sbatch.QueueIsFull, InputError):
        if slurm_queue.arrays(jobs, slurm_queue.read()):  # accepted, but the answer came too late
            return
        submitted_jobs.remove(study, jobs)
        raise


def follow_up(study: Path, after: Sequence[str], command: Sequence[str], settings: Mapping[str, Any]) -> str | None:
    """Submit a job that runs a command when jobs have ended.

    Args:
        study: folder of the study.
        after: the IDs of these jobs.
        command: the command.
        settings: of the launcher; `follow_up` has further options of sbatch.

    Returns:
        The ID of the job; None if one is in the queue, or Slurm refuses it.
    """
    with FileLock(study / submitted_jobs.LOCK):
        this_job = os.environ.get("SLURM_JOB_ID")
        queue = slurm_queue.read()
        if any(not job.runs and queue[job.name].id != this_job for job in slurm_queue.live_jobs(study, queue)):
            return None
        array, folder = submitted_jobs.new_array(), study.absolute() / ".slurm"
        folder.mkdir(exist_ok=True)
        options = {name: settings.get(name) for name in sbatch.SHARED}
        options |= {"time": settings["timeout_min"], "open-mode": "append", "export": f"ALL,{FOLLOW_UP}=1"}
        options |= {"output": str(folder).replace("%", "%%") + "/follow-up.log"}
        options |= {"dependency": ":".join(["afterany", *after])} if after else {"begin": RETRY}
        path = folder / "follow-up.sh"
        atomic.write_text(path, sbatch.script(settings["setup"], f"exec {shlex.join(command)}"))
        try:
            submit_recorded(study, array, [[]], path, {**options, **settings["follow_up"]})
        except (sbatch.QueueIsFull, InputError) as error:
            log.warning("The study does not continue by itself: %s", error)
            return None
        submitted = slurm_queue.arrays(submitted_jobs.read(study)[-1:], slurm_queue.read())
        return submitted[0] if submitted else None


def _chunks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
