"""A job on a node of a cluster: runs of a study, one after another or some at once."""

import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ablate.backend.cpu_count import cpu_cores
from ablate.study.launcher import Job, local, workers
from ablate.study.launcher.worker_count import workers_of
from ablate.terminal.errors import INTERRUPTED

log = logging.getLogger(__name__)
TIME_LIMIT = getattr(signal, "SIGUSR2", signal.SIGTERM)  # sent before the time limit (sbatch --signal)


@dataclass
class SlurmJob:
    """Runs in worker processes. If one fails or is killed, the others continue; runs with a result are skipped.

    Before its time limit, or when it is preempted, the job stops after a checkpoint. Slurm starts a requeued job again
    with the same runs, which resume.

    Attributes:
        job: one run, which shares its configuration with the others.
        tasks: index, number and overrides of each run.
        runs_at_once: number of workers, which share the job's cores and GPUs.
        restarts: how often the job is requeued after its time limit.
    """

    job: Job
    tasks: Sequence[local.Task]
    runs_at_once: int
    restarts: int

    def __call__(self, stopped: Path) -> None:
        """Train the runs. `stopped`: a file with one character for each time limit that the job has reached."""
        for number in (TIME_LIMIT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        try:
            self.train()
        except Interrupted as interrupt:
            if interrupt.number == TIME_LIMIT and (stopped.stat().st_size if stopped.exists() else 0) < self.restarts:
                with stopped.open("a") as file:  # SLURM_RESTART_COUNT also counts preemptions
                    file.write(".")
                subprocess.run(["scontrol", "requeue", os.environ["SLURM_JOB_ID"]], check=True)
            raise SystemExit(INTERRUPTED) from None

    def train(self) -> None:
        """Train the runs in workers; see the class."""
        os.chdir(self.job.directory)
        at_once = min(self.runs_at_once, len(self.tasks))
        gpus = workers_of(self.job.config, at_once, at_once)
        threads = max(1, int(os.environ.get("SLURM_CPUS_PER_TASK", cpu_cores())) // at_once)
        if len(self.tasks) > 1:
            local.load_shared(self.job)
        starts = [partial(_set_up, gpu, threads) for gpu in gpus]
        waiting = iter(self.tasks)
        running = workers.run_tasks(lambda: next(waiting, None), partial(local.run_task, self.job), starts)
        for ended in running:
            if ended is not None and isinstance(ended[1], workers.WorkerDied):
                log.error("Run %d: %s", ended[0][1], ended[1])


class Interrupted(KeyboardInterrupt):
    """The job received a signal to stop, with this number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _interrupt(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: workers are writing checkpoints
    raise Interrupted(number)


def _set_up(gpu: str | None, threads: int) -> None:
    """Called first in a worker. Slurm signals every process of a job; workers are interrupted by their parent alone."""
    for number in (TIME_LIMIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    local.set_up_worker(gpu, threads)


def main(path: Path) -> None:
    """Run the job in a file. It is a pickle: only a file that the study has written may be passed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    pickle.loads(path.read_bytes())(path.with_suffix(".timeouts"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
