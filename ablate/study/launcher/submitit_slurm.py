"""`hydra/launcher=submitit_slurm`: run the jobs on a Slurm cluster, and wait for them or leave them to its queue."""

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from ablate.files.lock import TrainedElsewhere, is_locked
from ablate.runs import run_record, submitted_jobs
from ablate.runs.statuses import FINISHED
from ablate.study import slurm_queue
from ablate.study.launcher import Jobs, Results, failed
from ablate.study.launcher.slurm_submission import Submission, executor_of, with_gpus
from ablate.study.slurm_queue import Queue
from ablate.study.submitted import Submitted, cancel
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
        folder: folder of submitit's files.
        wait: wait for the runs; else raise `Submitted` once they are in the queue.
        runs_per_job, runs_at_once, max_jobs, max_num_timeout: see `Submission`.
        follow_up: options of jobs that continue the study.
        **settings: parameters of submitit; empty ones are ignored.

    Raises:
        InputError: submitit is not installed, or Slurm is not available, or refuses a job; or the settings do not give
            a run the GPUs that it needs.
        Submitted: runs are in the queue, and `wait` is false.
    """
    study = Path(jobs[0].config.hydra.sweep.dir)
    needed = with_gpus(settings, jobs[0].config.trainer, runs_at_once)
    executor = executor_of(folder, {"name": study.name, **needed})
    submission = Submission(jobs, study, executor, runs_per_job, runs_at_once, max_num_timeout, max_jobs)
    watched = Watched(jobs, study, folder)
    without_room: list[int] = []
    last_query = -SLURM_POLL_SECONDS
    try:
        while True:
            new = list(iter(jobs.take, None))
            watched.waiting += new
            asked = time.monotonic() - last_query >= SLURM_POLL_SECONDS
            if new or (without_room and asked):
                without_room = submission.submit([*without_room, *new])
                asked = True
            ended = watched.with_record()
            if asked:
                ended += watched.ask(without_room)
                last_query = time.monotonic()
            yield from ended
            if not wait and watched.waiting:
                raise Submitted(study, watched.arrays(), len(watched.waiting) - len(without_room), len(without_room))
            if not watched.waiting and not ended:
                return
            yield None
            time.sleep(POLL_SECONDS if watched.waiting and not ended else 0)
    except (KeyboardInterrupt, GeneratorExit):
        if arrays := watched.arrays():
            log.info("The jobs in the queue are left alone. Cancel them with: %s", cancel(arrays))
        raise


class Watched:
    """The runs of a launch that have not ended.

    Args:
        jobs: the runs.
        study: folder of the study.
        files: folder of submitit's files, with `%j` for the ID of a job.
    """

    def __init__(self, jobs: Jobs, study: Path, files: str) -> None:
        self.jobs, self.study, self.files = jobs, study, files
        self.waiting: list[int] = []
        self.known_reasons = set(TEMPORARY_REASONS)

    def with_record(self) -> list[tuple[int, JobReturn]]:
        """The runs that have recorded how they ended, with their results."""
        results = [(index, self._recorded(index)) for index in self.waiting]
        ended = [(index, result) for index, result in results if result is not None]
        self._forget([index for index, _ in ended])
        return ended

    def ask(self, without_room: Sequence[int]) -> list[tuple[int, JobReturn]]:
        """Ask Slurm for the jobs: log why they are pending, and return lost runs; see `lost`."""
        try:
            queue = slurm_queue.read()
        except InputError as error:  # the controller is restarted, for example: the jobs run on
            log.warning("%s", error)
            return []
        self.log_reasons(queue)
        return self.lost(queue, without_room)

    def lost(self, queue: Queue, without_room: Sequence[int]) -> list[tuple[int, JobReturn]]:
        """The runs that are neither in the queue nor trained, nor about to be submitted, with their results."""
        last_job = {run: job.id for job in submitted_jobs.read(self.study) for run in job.runs}
        ended = []
        for index in [index for index in self.waiting if index not in without_room]:
            run = self.jobs[index].folder
            if last_job.get(run) in queue or is_locked(self.study / run):
                continue
            result = self._recorded(index)  # written since
            if result is None and (job := last_job.get(run)):
                result = failed(UserError(f"Slurm job {job} ended before the run did. Its output: {self._log(job)}"))
            ended.append((index, result or failed(TrainedElsewhere())))
        self._forget([index for index, _ in ended])
        return ended

    def log_reasons(self, queue: Queue) -> None:
        """Log why jobs of the study are pending, each reason once."""
        pending = [
            queue[job.id] for job in slurm_queue.live_jobs(self.study, queue) if queue[job.id].state == "PENDING"
        ]
        for reason in sorted({job.reason for job in pending} - self.known_reasons):
            log.warning("Slurm keeps jobs pending; reason from squeue: %s", reason)
            self.known_reasons.add(reason)

    def arrays(self) -> list[str]:
        """IDs of the jobs in the queue with these runs; also if Slurm does not answer."""
        folders = {self.jobs[index].folder for index in self.waiting}
        jobs = [job for job in submitted_jobs.read(self.study) if folders.intersection(job.runs)]
        try:
            queue = slurm_queue.read()
        except InputError:
            return submitted_jobs.arrays_of(jobs)
        return submitted_jobs.arrays_of([job for job in jobs if job.id in queue])

    def _recorded(self, index: int) -> JobReturn | None:
        """The result of a run that recorded how it ended."""
        try:
            record = run_record.read(self.study / self.jobs[index].folder)
        except InputError:
            return None
        if record.status not in FINISHED:
            return None
        if record.status == "failed":
            return failed(UserError(record.error or "The run failed."))
        return JobReturn(status=JobStatus.COMPLETED)

    def _log(self, job: str) -> str:
        return os.path.relpath(Path(self.files.replace("%j", job)) / f"{job}_0_log.err")

    def _forget(self, ended: Sequence[int]) -> None:
        self.waiting = [index for index in self.waiting if index not in ended]
