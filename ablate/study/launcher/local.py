"""`hydra/launcher=local`: run the jobs in parallel worker processes on this machine, which share the images."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from ablate.backend.cpu_count import cpu_cores
from ablate.data.prepare import prepare
from ablate.runs import provenance
from ablate.study.launcher import Job, Jobs, Results, failed, workers
from ablate.terminal.errors import InputError

REFRESH_SECONDS = 1.0


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
    for ended in workers.run_tasks(partial(_take, jobs), partial(run_task, jobs[0]), starts, REFRESH_SECONDS):
        if ended is None:
            yield None
        else:
            (index, *_), result = ended
            yield index, failed(result) if isinstance(result, workers.WorkerDied) else result


def workers_of(
    config: DictConfig, jobs_at_once: int | None, jobs_per_gpu: int, own_app: bool = True
) -> list[str | None]:
    """The GPUs of each worker, or None; see `launch` for the arguments. InputError if a run needs more."""
    gpus = visible_gpus() if not own_app or config.trainer.device in ("auto", "cuda") else []
    devices = config.trainer.devices if own_app else 1
    groups = groups_of(gpus, devices)
    if gpus and devices > 1 and (not groups or jobs_per_gpu > 1):
        problem = f"this machine has {len(gpus)}" if not groups else "hydra.launcher.jobs_per_gpu must be 1"
        raise InputError(f"trainer.devices={devices}: a run needs {devices} GPUs of its own, but {problem}.")
    return assign_gpus(groups, jobs_per_gpu, jobs_at_once or max(1, cpu_cores() // devices))[: jobs_at_once or None]


def groups_of(gpus: Sequence[str], devices: int) -> list[str]:
    """The GPUs in groups of so many, for CUDA_VISIBLE_DEVICES; those that are left over are not used."""
    return [",".join(gpus[start : start + devices]) for start in range(0, len(gpus) - devices + 1, devices)]


def threads_of(gpus: Sequence[str | None]) -> int:
    """Threads of each of these workers."""
    return max(1, cpu_cores() // len(gpus))


Task = tuple[int, int, Sequence[str]]  # index, number and overrides of a job


def _take(jobs: Jobs) -> Task | None:
    index = jobs.take()
    return None if index is None else (index, jobs[index].number, jobs[index].overrides)


def run_task(job: Job, task: Task) -> JobReturn:
    """Run a task in a worker, which was possibly forked before the job was known."""
    _, number, overrides = task
    return replace(job, number=number, overrides=overrides)()


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as named in CUDA_VISIBLE_DEVICES."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    # In a process of its own: counting may initialize CUDA, which does not survive a fork.
    counting = workers.run_tasks(
        partial(next, iter([0]), None), lambda _: torch.cuda.device_count(), [lambda: None], REFRESH_SECONDS
    )
    ((_, count),) = (ended for ended in counting if ended is not None)
    if isinstance(count, workers.WorkerDied):
        raise count
    return visible.split(",")[:count] if visible else [str(index) for index in range(count)]


def assign_gpus(gpus: Sequence[str], jobs_per_gpu: int, workers: int) -> list[str | None]:
    """The GPUs of each worker, so that consecutive workers use different ones; without GPUs, None for each worker."""
    return [gpu for _ in range(jobs_per_gpu) for gpu in gpus] or [None] * workers


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
