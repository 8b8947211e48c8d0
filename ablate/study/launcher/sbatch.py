"""`sbatch`: submit a script, and explain what Slurm refuses."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.terminal.errors import InputError
from ablate.terminal.text import printable

RETRYING = "sleeping and retrying"  # sbatch does that for two minutes when the queue is full
# Reasons that pass when jobs have ended: limits of a user, an account or a quality of service, and a full queue.
FULL = re.compile(rf"\w*(Max|Grp)SubmitJob\w*|MaxJobCount|{RETRYING}|Resource temporarily unavailable")
SHARED = ("partition", "account", "qos", "constraint", "exclude")  # options of all jobs
TRAINING = ("gres", "gpus_per_node", "cpus_per_task")  # options of jobs that train


class QueueIsFull(Exception):
    """Slurm accepts no more jobs for now; the message is its reason."""


def options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The options of sbatch for jobs that train, from the settings of the launcher."""
    memory = settings.get("mem_gb")
    return {
        **{name: settings.get(name) for name in (*SHARED, *TRAINING)},
        "time": settings["timeout_min"],
        "mem": memory and f"{memory * 1024:.0f}M",
        "signal": f"USR2@{settings['signal_delay_s']}",
        "requeue": True,  # after a preemption
        "open-mode": "append",  # after a requeue
        **settings["additional_parameters"],
    }


def script(setup: Sequence[str], command: str) -> str:
    """The script of a job: shell commands, then the command."""
    return "\n".join(["#!/bin/bash", *setup, command, ""])


def submit(path: Path, options: Mapping[str, Any]) -> None:
    """Submit a script.

    Args:
        path: the script.
        options: of sbatch; empty ones are ignored, and True stands for an option without a value.

    Raises:
        QueueIsFull: Slurm accepts no more jobs for now.
        InputError: Slurm refuses the job, or there is no Slurm.
    """
    words = [_option(name, value) for name, value in options.items() if value is not None and value is not False]
    try:
        process = subprocess.Popen(
            ["sbatch", *words, str(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except FileNotFoundError:
        raise InputError(
            "Slurm is not available (no sbatch). Start the study on a login node of the cluster."
        ) from None
    message = ""
    with process:
        assert process.stderr
        for line in process.stderr:
            message += line
            if RETRYING in line:  # a job that is accepted meanwhile is found in the queue by its name
                process.kill()
    reason = printable(" ".join(message.replace("sbatch: error:", "").split()))
    if not process.returncode:
        return
    if full := FULL.search(message):
        raise QueueIsFull(reason.replace(f", {RETRYING}", "") if full[0] == RETRYING else full[0])
    raise InputError(f"Slurm refuses the jobs: {reason or f'exit status {process.returncode}'}")


def _option(name: str, value: Any) -> str:
    dashed = name.replace("_", "-")
    return f"--{dashed}" if value is True else f"--{dashed}={value}"
