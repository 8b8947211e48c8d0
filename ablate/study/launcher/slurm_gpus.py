"""The GPUs of a Slurm job whose runs train on several devices."""

from collections.abc import Mapping
from typing import Any

from ablate.terminal.errors import InputError


def with_gpus(settings: Mapping[str, Any], trainer: Any, runs_at_once: int) -> dict[str, Any]:
    """The settings with the GPUs that a run on several devices needs; its job starts a process for each.

    Args:
        settings: of the launcher.
        trainer: the trainer's settings of the runs.
        runs_at_once: runs that share the job's GPUs.

    Raises:
        InputError: the job has too few GPUs, or several runs share them.
    """
    devices, gpus = trainer.devices, settings.get("gpus_per_node")
    if devices == 1 or trainer.device == "cpu":
        return dict(settings)
    if runs_at_once > 1:
        raise InputError(f"trainer.devices={devices} needs hydra.launcher.runs_at_once=1, not {runs_at_once}.")
    if gpus and gpus < devices:
        raise InputError(f"trainer.devices={devices} needs hydra.launcher.gpus_per_node={devices}, not {gpus}.")
    asks = trainer.device == "cuda" and gpus is None and not settings.get("gres")
    return {**settings, "gpus_per_node": devices} if asks else dict(settings)
