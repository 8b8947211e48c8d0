"""Schema of Hydra's groups `hydra/launcher` and `hydra/sweeper`."""

from dataclasses import dataclass
from typing import Any, Optional

from ablate.config.field import value
from ablate.config.schema.option import Option


@dataclass
class Launcher(Option):
    """Where the runs of a study are trained."""


@dataclass
class LocalLauncher(Launcher):
    jobs_at_once: Optional[int] = value("runs at the same time; null: one per core, or jobs_per_gpu per GPU", low=1)
    jobs_per_gpu: int = value("runs at the same time on each GPU", low=1)


@dataclass
class RayLauncher(Launcher):
    init: dict[str, Any] = value("arguments of ray.init")
    remote: dict[str, Any] = value("arguments of ray.remote: the resources of a run")


@dataclass
class SlurmLauncher(Launcher):
    wait: bool = value("wait for the runs; false: leave them to the queue, and collect them with the same command")
    runs_per_job: int = value("runs of a job, one after another", low=1)
    runs_at_once: int = value("runs of a job at the same time; they share its cores and GPUs", low=1)
    max_jobs: Optional[int] = value(
        "jobs of a study in the queue at the same time; null: as many as the site allows", low=1
    )
    folder: str = value("scripts and logs of the jobs")
    partition: Optional[str] = value("Slurm partition")
    account: Optional[str] = value("Slurm account")
    qos: Optional[str] = value("quality of service")
    timeout_min: int = value("time limit per job", unit="minutes", low=1)
    cpus_per_task: int = value("cores per job", low=1)
    gpus_per_node: Optional[int] = value("GPUs per job", low=0)
    gres: Optional[str] = value("generic resources, such as gpu:a100:1")
    mem_gb: Optional[float] = value("memory per job", unit="GB", above=0)
    constraint: Optional[str] = value("required features of the nodes")
    exclude: Optional[str] = value("nodes to exclude")
    array_parallelism: int = value("largest number of simultaneous jobs", low=1)
    setup: list[str] = value("shell commands before the job")
    signal_delay_s: int = value("a job stops cleanly this long before its time limit", unit="seconds", low=0)
    max_num_timeout: int = value("automatic restarts after the time limit", low=0)
    additional_parameters: dict[str, Any] = value("other sbatch options")
    follow_up: dict[str, Any] = value("sbatch options of the jobs that continue a study with wait=false")


@dataclass
class Sweeper(Option):
    """Which runs a study consists of."""

    params: dict[str, Any] = value("factors and seeds of a study file, {key: levels}")


@dataclass
class PlanSweeper(Sweeper):
    power: bool = value("print the differences that the study can detect (--power)")
    expect: list[Any] = value("differences and SDs, [[difference, SD], ...], for the runs of a staged study")
    probe: bool = value("time a few training steps of each variant (--probe)")


@dataclass
class OptunaSweeper(Sweeper):
    _recursive_: bool = value("always false: the sampler and the pruner are built when the search starts")
    n_trials: int = value("trials of the search", low=1)
    n_jobs: int = value("largest number of trials at the same time", low=1)
    sampler: dict[str, Any] = value("an Optuna sampler: _target_ and its arguments")
    pruner: Optional[dict[str, Any]] = value("an Optuna pruner: _target_ and its arguments; null: none")
