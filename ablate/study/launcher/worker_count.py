"""How many workers this machine has for a study, and the GPUs and threads of each."""

import os
from collections.abc import Sequence
from functools import partial

import torch
from omegaconf import DictConfig

from ablate.backend.cpu_count import cpu_cores
from ablate.study.launcher import workers
from ablate.terminal.errors import InputError


def workers_of(
    config: DictConfig, jobs_at_once: int | None, jobs_per_gpu: int, own_app: bool = True
) -> list[str | None]:
    """The GPUs of each worker, or None; see `local.launch` for the arguments. InputError if a run needs more."""
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


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as named in CUDA_VISIBLE_DEVICES."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    # In a process of its own: counting may initialize CUDA, which does not survive a fork.
    counting = workers.run_tasks(partial(next, iter([0]), None), lambda _: torch.cuda.device_count(), [lambda: None])
    ((_, count),) = (ended for ended in counting if ended is not None)
    if isinstance(count, workers.WorkerDied):
        raise count
    return visible.split(",")[:count] if visible else [str(index) for index in range(count)]


def assign_gpus(gpus: Sequence[str], jobs_per_gpu: int, workers: int) -> list[str | None]:
    """The GPUs of each worker, so that consecutive workers use different ones; without GPUs, None for each worker."""
    return [gpu for _ in range(jobs_per_gpu) for gpu in gpus] or [None] * workers
