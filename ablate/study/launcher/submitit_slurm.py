"""`hydra/launcher=submitit_slurm`: each run a job of a Slurm cluster, all of a study one array."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn

from ablate.study.launcher import Ends, Job, failed
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import submitit

log = logging.getLogger(__name__)
COMMON = ("timeout_min", "cpus_per_task", "gpus_per_node", "mem_gb", "nodes", "tasks_per_node", "name")
POLL = 2.0  # seconds between two looks for results
ORDINARY = ("None", "Priority", "Resources", "BeginTime", "JobArrayTaskLimit")  # reasons that time alone mends
ASK = 20.0  # and between two questions to Slurm, for jobs that ended without one; submitit asks every ten minutes


def launch(jobs: Sequence[Job], folder: str, max_num_timeout: int, **settings: Any) -> Ends:
    """Yield (position, return) of each job as it ends. `settings` are submitit's; those that are null are left out.

    Raises:
        InputError: submitit is not installed, or there is no Slurm.
    """
    try:
        import submitit
    except ModuleNotFoundError:
        raise InputError("hydra/launcher=submitit_slurm needs submitit: pip install 'hydra-ablate[cluster]'.") from None
    given = {name: value for name, value in settings.items() if value not in (None, {}, [])}
    try:
        executor = submitit.AutoExecutor(folder, cluster="slurm", slurm_max_num_timeout=max_num_timeout)
    except RuntimeError:
        raise InputError("There is no Slurm here (no srun): start the study on a login node of the cluster.") from None
    executor.update_parameters(**{name if name in COMMON else f"slurm_{name}": given[name] for name in given})
    with executor.batch():
        handles = [executor.submit(OnNode(job)) for job in jobs]
    position = {handle.job_id: number for number, handle in enumerate(handles)}
    try:
        waiting, asked, told = list(handles), time.monotonic(), set(ORDINARY)
        while waiting:
            ended = [handle for handle in waiting if handle.done()]
            waiting = [handle for handle in waiting if handle not in ended]
            yield None
            for handle in ended:
                yield position[handle.job_id], _returned(handle)
            if time.monotonic() - asked > ASK:
                handles[0].watcher.update()  # one question for all jobs
                for reason in pending_for(handles[0].job_id.partition("_")[0]) - told:
                    log.warning("Slurm does not start jobs for now: %s (squeue's reason)", reason)
                    told.add(reason)
                asked = time.monotonic()
            time.sleep(POLL if waiting else 0)
    finally:
        for handle in handles:
            if not handle.done():
                handle.cancel()


def pending_for(array: str) -> set[str]:
    """Why Slurm has not started what is left of a job array, in its own words; empty if it does not say."""
    command = ["squeue", "--noheader", "--states=PENDING", "--format=%r", f"--jobs={array}"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=ASK)
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(asked.stdout.split("\n")) - {""}


def _returned(handle: "submitit.Job[JobReturn]") -> JobReturn:
    try:
        result: JobReturn = handle.result()
        return result
    except Exception as error:  # submitit's own, when a job was killed or left no result
        return failed(RuntimeError(f"Slurm job {handle.job_id} ended as {handle.state}: {_brief(error)}"))


@dataclass
class OnNode:
    """A job as it is called on a node. A time limit interrupts it: the study, run again, goes on with it."""

    job: Job

    def __call__(self) -> JobReturn:
        """Run the job with as many threads as it has cores."""
        import submitit

        for number in (submitit.JobEnvironment()._usr_sig(), signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        if cores := os.environ.get("SLURM_CPUS_PER_TASK"):
            os.environ.setdefault("OMP_NUM_THREADS", cores)
        return self.job()


def _brief(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
