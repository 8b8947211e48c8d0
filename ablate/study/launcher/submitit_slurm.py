"""`hydra/launcher=submitit_slurm`: run the jobs as one job array of a Slurm cluster."""

import logging
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn

from ablate.study.launcher import Job, Jobs, Results, failed
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import submitit

log = logging.getLogger(__name__)
# Parameters that submitit takes without the prefix `slurm_`.
COMMON = ("timeout_min", "cpus_per_task", "gpus_per_node", "mem_gb", "nodes", "tasks_per_node", "name")
PYTHON = f"{shlex.quote(sys.executable)} -P"  # without the current folder on its search path
POLL_SECONDS = 2.0  # between two checks for results
SLURM_POLL_SECONDS = 20.0  # between two queries of Slurm for jobs that ended without a result
TEMPORARY_REASONS = ("None", "Priority", "Resources", "BeginTime", "JobArrayTaskLimit")  # of pending jobs


def launch(jobs: Jobs, folder: str, max_num_timeout: int, **settings: Any) -> Results:
    """Yield (index, result) of each job as it ends, and None every few seconds.

    Args:
        jobs: the jobs.
        folder: folder of submitit's files.
        max_num_timeout: how often a job that reached its time limit is requeued.
        **settings: parameters of submitit; empty ones are ignored.

    Raises:
        InputError: submitit is not installed, or Slurm is not available.
    """
    try:
        import submitit
    except ModuleNotFoundError:
        raise InputError("hydra/launcher=submitit_slurm needs submitit: pip install 'hydra-ablate[cluster]'.") from None
    parameters = {name: value for name, value in settings.items() if value not in (None, {}, [])}
    try:
        executor = submitit.AutoExecutor(
            folder, cluster="slurm", slurm_max_num_timeout=max_num_timeout, slurm_python=PYTHON
        )
    except RuntimeError:
        raise InputError("Slurm is not available (no srun). Start the study on a login node of the cluster.") from None
    executor.update_parameters(
        **{name if name in COMMON else f"slurm_{name}": value for name, value in parameters.items()}
    )
    indices: dict[str, int] = {}
    waiting: list[submitit.Job[JobReturn]] = []
    last_query, known_reasons = time.monotonic(), set(TEMPORARY_REASONS)
    try:
        while True:
            for handle, index in _submitted(executor, jobs):
                waiting.append(handle)
                indices[handle.job_id] = index
            if not waiting:
                return
            ended = [handle for handle in waiting if handle.done()]
            waiting = [handle for handle in waiting if handle not in ended]
            yield None
            for handle in ended:
                yield indices[handle.job_id], _result(handle)
            if waiting and time.monotonic() - last_query > SLURM_POLL_SECONDS:
                waiting[0].watcher.update()  # one query for all jobs
                arrays = sorted({handle.job_id.partition("_")[0] for handle in waiting})
                for reason in pending_reasons(",".join(arrays)) - known_reasons:
                    log.warning("Slurm keeps jobs pending; reason from squeue: %s", reason)
                    known_reasons.add(reason)
                last_query = time.monotonic()
            time.sleep(POLL_SECONDS if waiting and not ended else 0)
    finally:
        for handle in waiting:
            if not handle.done():
                handle.cancel()


def _submitted(executor: "submitit.AutoExecutor", jobs: Jobs) -> "list[tuple[submitit.Job[JobReturn], int]]":
    """Submit the jobs that can be taken now as one array; return each with its index."""
    taken = list(iter(jobs.take, None))
    if not taken:
        return []
    with executor.batch():
        handles = [executor.submit(OnNode(jobs[index])) for index in taken]
    return list(zip(handles, taken, strict=True))


def pending_reasons(arrays: str) -> set[str]:
    """Slurm's reasons for pending jobs of a job array; empty if squeue fails."""
    command = ["squeue", "--noheader", "--states=PENDING", "--format=%r", f"--jobs={arrays}"]
    try:
        completed = subprocess.run(command, capture_output=True, text=True, timeout=SLURM_POLL_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(completed.stdout.split("\n")) - {""}


def _result(handle: "submitit.Job[JobReturn]") -> JobReturn:
    try:
        result: JobReturn = handle.result()
        return result
    except Exception as error:  # raised by submitit if a job was killed or has no result
        return failed(RuntimeError(f"Slurm job {handle.job_id} ended as {handle.state}: {_first_line(error)}"))


@dataclass
class OnNode:
    """A job on a cluster node. A time limit interrupts it, and it resumes when the study is run again."""

    job: Job

    def __call__(self) -> JobReturn:
        """Run the job with one thread per core."""
        import submitit

        for number in (submitit.JobEnvironment()._usr_sig(), signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        if cores := os.environ.get("SLURM_CPUS_PER_TASK"):
            os.environ.setdefault("OMP_NUM_THREADS", cores)
        return self.job()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
