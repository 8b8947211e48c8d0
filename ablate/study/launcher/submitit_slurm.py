"""`hydra/launcher=submitit_slurm`: run the jobs on a Slurm cluster, and wait for them or leave them to its queue."""

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn

from ablate.files.lock import TrainedElsewhere, is_locked
from ablate.runs import submitted_jobs
from ablate.study import slurm_queue
from ablate.study.launcher import Jobs, Results, failed
from ablate.study.launcher.recorded_end import recorded_end
from ablate.study.launcher.slurm_gpus import with_gpus
from ablate.study.launcher.slurm_submission import Submission
from ablate.study.slurm_queue import Queue
from ablate.study.submitted import Submitted, cancel, no_room
from ablate.terminal.errors import InputError, UserError

log = logging.getLogger(__name__)
POLL_SECONDS = 2.0  # between two checks for results
SLURM_POLL_SECONDS = 20.0  # between two queries of Slurm
TEMPORARY_REASONS = ("None", "Priority", "Resources", "BeginTime", "JobArrayTaskLimit", "Dependency")  # of pending jobs


def launch(
    jobs: Jobs,
    folder: str,
    wait: bool,
    runs_per_job: int,
    runs_at_once: int,
    max_jobs: int | None,
    max_num_timeout: int,
    follow_up: dict[str, Any],
    **settings: Any,
) -> Results:
    """Yield (index, result) of each run as it ends, and None every few seconds. An interrupt leaves the jobs alone.

    Runs that an earlier command submitted, or that another process trains, are waited for, not submitted again.

    Args:
        jobs: the runs.
        folder: folder of the scripts and logs of the jobs, with `%j` for their name.
        wait: wait for the runs; else raise `Submitted` once they are in the queue.
        runs_per_job, runs_at_once, max_jobs, max_num_timeout: see `Submission`.
        follow_up: options of jobs that continue the study.
        **settings: options of sbatch; empty ones are ignored.

    Raises:
        InputError: Slurm is not available, or refuses a job; or the settings do not give a run the GPUs that it needs.
        Submitted: runs are in the queue, and `wait` is false.
    """
    study = Path(jobs[0].config.hydra.sweep.dir)
    settings = with_gpus(settings, jobs[0].config.trainer, runs_at_once)
    submission = Submission(jobs, study, folder, settings, runs_per_job, runs_at_once, max_num_timeout, max_jobs)
    watched = Watched(jobs, study, folder)
    without_room: list[int] = []
    refusals = {""}
    last_query = -SLURM_POLL_SECONDS
    try:
        while True:
            new = list(iter(jobs.take, None))
            watched.waiting += new
            asked = time.monotonic() - last_query >= SLURM_POLL_SECONDS
            if new or (without_room and asked):
                without_room = submit_what_fits(submission, without_room, new)
                asked = True
                if wait and submission.refusal not in refusals:
                    log.warning("%s", no_room(len(without_room), submission.refusal))
                    refusals.add(submission.refusal)
            ended = watched.with_record()
            if asked:
                ended += watched.ask(without_room)
                last_query = time.monotonic()
            yield from ended
            if not wait and watched.waiting:
                queued = len(watched.waiting) - len(without_room)
                raise Submitted(study, watched.arrays(), queued, len(without_room), submission.refusal)
            if not watched.waiting and not ended:
                return
            yield None
            time.sleep(POLL_SECONDS if watched.waiting and not ended else 0)
    except (KeyboardInterrupt, GeneratorExit):
        if watched.waiting:
            log.info("The jobs in the queue are left alone. %s", cancel(watched.arrays()))
        raise


def submit_what_fits(submission: Submission, without_room: list[int], new: list[int]) -> list[int]:
    """Submit runs; return those without room. While runs only wait for room, Slurm may be restarted."""
    try:
        return submission.submit([*without_room, *new])
    except InputError as error:
        if new:
            raise
        log.warning("%s", error)
        return without_room


class Watched:
    """The runs of a launch that have not ended.

    Args:
        jobs: the runs.
        study: folder of the study.
        files: folder of the logs of the jobs, with `%j` for their name.
    """

    def __init__(self, jobs: Jobs, study: Path, files: str) -> None:
        self.jobs, self.study, self.files = jobs, study, files
        self.waiting: list[int] = []
        self.known_reasons = set(TEMPORARY_REASONS)

    def with_record(self) -> list[tuple[int, JobReturn]]:
        """The runs that have recorded how they ended, with their results."""
        results = [(index, recorded_end(self.study / self.jobs[index].folder)) for index in self.waiting]
        ended = [(index, result) for index, result in results if result is not None]
        self._forget([index for index, _ in ended])
        return ended

    def ask(self, without_room: Sequence[int]) -> list[tuple[int, JobReturn]]:
        """Ask Slurm for the jobs: log why they are pending, and return lost runs; see `lost`."""
        try:
            queue = slurm_queue.read()
        except InputError as error:  # such as a restart of the controller, which does not end jobs
            log.warning("%s", error)
            return []
        self.log_reasons(queue)
        return self.lost(queue, without_room)

    def lost(self, queue: Queue, without_room: Sequence[int]) -> list[tuple[int, JobReturn]]:
        """The runs that are neither in the queue nor trained, nor about to be submitted, with their results."""
        last_job = {run: job.name for job in submitted_jobs.read(self.study) for run in job.runs}
        ended = []
        for index in [index for index in self.waiting if index not in without_room]:
            run = self.jobs[index].folder
            if last_job.get(run) in queue or is_locked(self.study / run):
                continue
            result = recorded_end(self.study / self.jobs[index].folder)  # written since
            if result is None and (job := last_job.get(run)):
                result = failed(UserError(f"The Slurm job ended before the run did. Its output: {self._log(job)}"))
            ended.append((index, result or failed(TrainedElsewhere())))
        self._forget([index for index, _ in ended])
        return ended

    def log_reasons(self, queue: Queue) -> None:
        """Log why jobs of the study are pending, each reason once."""
        pending = [
            queue[job.name] for job in slurm_queue.live_jobs(self.study, queue) if queue[job.name].state == "PENDING"
        ]
        for reason in sorted({job.reason for job in pending} - self.known_reasons):
            log.warning("Slurm keeps jobs pending; reason from squeue: %s", reason)
            self.known_reasons.add(reason)

    def arrays(self) -> list[str]:
        """IDs of the jobs in the queue with these runs; none if Slurm does not answer."""
        folders = {self.jobs[index].folder for index in self.waiting}
        jobs = [job for job in submitted_jobs.read(self.study) if folders.intersection(job.runs)]
        try:
            return slurm_queue.arrays(jobs, slurm_queue.read())
        except InputError:
            return []

    def _log(self, job: str) -> str:
        array, _, number = job.partition("_")
        return os.path.relpath(Path(self.files.replace("%j", array)) / f"{number}.log")

    def _forget(self, ended: Sequence[int]) -> None:
        self.waiting = [index for index in self.waiting if index not in ended]
