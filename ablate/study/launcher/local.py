"""`hydra/launcher=local`: run the jobs in parallel worker processes on this machine, which share the images."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from hydra.core.utils import JobReturn

from ablate.data.prepare import prepare
from ablate.runs import provenance
from ablate.study.launcher import Job, Jobs, Results, failed, workers
from ablate.study.launcher.worker_count import threads_of, workers_of


def launch(jobs: Jobs, jobs_at_once: int | None, jobs_per_gpu: int, own_app: bool = True) -> Results:
    """Yield (index, result) of each job as it ends, and None once per second.

    Args:
        jobs: the jobs.
        jobs_at_once: number of workers; None for one per core, or `jobs_per_gpu` per GPU; fewer for runs on several
            devices.
        jobs_per_gpu: number of workers per GPU, if the study trains on GPUs.
        own_app: whether the jobs are runs of `ablate train`, whose workers share the images.
    """
    config = jobs[0].config
    gpus = workers_of(config, jobs_at_once, jobs_per_gpu, own_app)
    threads = threads_of(gpus)
    if own_app:
        load_shared(jobs[0])
    output = Path(config.hydra.sweep.dir) / ".workers.log"
    output.parent.mkdir(parents=True, exist_ok=True)
    starts = [partial(set_up_worker, gpu, threads, output) for gpu in gpus]
    for ended in workers.run_tasks(partial(_take, jobs), partial(run_task, jobs[0]), starts):
        if ended is None:
            yield None
        else:
            (index, *_), result = ended
            yield index, failed(result) if isinstance(result, workers.WorkerDied) else result


Task = tuple[int, int, Sequence[str]]  # index, number and overrides of a job


def _take(jobs: Jobs) -> Task | None:
    index = jobs.take()
    return None if index is None else (index, jobs[index].number, jobs[index].overrides)


def run_task(job: Job, task: Task) -> JobReturn:
    """Run a task in a worker, which was possibly forked before the job was known."""
    _, number, overrides = task
    return replace(job, number=number, overrides=overrides)()


def set_up_worker(gpu: str | None, threads: int, output: Path | None = None) -> None:
    """Called first in a worker: select its GPU and number of threads, and redirect its output to a file, if any."""
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
    if output is None:
        return
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)


def load_shared(job: Job) -> None:
    """Load what the forked workers share: modules, images, and the hash and patch of the code."""
    from ablate.training.parts import build

    provenance.patch(), provenance.code_sha256()
    torch.set_num_threads(1)  # threads do not survive a fork
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # keeps is_available from initializing CUDA
    config = job.context.config_loader.load_sweep_config(job.config, list(job.overrides))
    try:
        build(config, prepare(config.data), torch.device("cpu"), "fp32")
    except (Exception, SystemExit):  # the run raises the same error, and records it
        return
