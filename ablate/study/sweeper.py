"""Carry a plan out: write it, launch what is not done, tell what failed."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from ablate import record
from ablate.errors import InputError, sentence
from ablate.study import plan

log = logging.getLogger(__name__)
LAST = 4  # lines of a failed run's log that are shown


def sweep(study: dict[str, Any], launcher: Launcher, config: DictConfig) -> Sequence[JobReturn]:
    """Run a composed study (`compose.study`) in its folder, which no other process may run meanwhile.

    Raises:
        InputError: the folder holds another study, or another process is running it.
        SystemExit: with status 1 when a run failed, all others having finished; 2 when each was refused its input.
    """
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # The system's own lock: it ends with the process, however that ends.
        with FileLock(folder / ".lock", timeout=0):
            return run_missing(study, launcher, folder, config.study.extend)
    except Timeout:
        raise InputError(
            f"{folder} is being run by another process. `ablate status {folder} --watch` follows it; start again later."
        ) from None


def run_missing(study: dict[str, Any], launcher: Launcher, folder: Path, extend: bool) -> Sequence[JobReturn]:
    """Write the plan, launch the runs that have no outcome yet, and say of each what it was and what became of it."""
    runs = study["runs"]
    written = {**study, "runs": [{name: run[name] for name in record.PLANNED} for run in runs]}
    record.write_json(folder / "study.json", plan.extended(folder, written, extend))

    found = {run["folder"]: record.read_planned(folder, run)["status"] for run in runs}
    missing = [run for run in runs if found[run["folder"]] not in record.OUTCOMES]
    log.info("study %s: %d runs, %d of them already done", study["name"], len(runs), len(runs) - len(missing))
    for run in missing:
        make_way(folder / run["folder"], found[run["folder"]])
    returns = launcher.launch([run["overrides"] for run in missing], initial_job_idx=0) if missing else []
    failed = [(run, job) for run, job in zip(missing, returns, strict=True) if job.status is not JobStatus.COMPLETED]
    for run, job in failed:
        log.error("%s failed: %s", run["folder"], what_failed(job._return_value, folder / run["folder"] / "train.log"))
    log.info("%d of %d runs done; make the report with: ablate report %s", len(runs) - len(failed), len(runs), folder)
    if failed:
        refused = len(failed) == len(runs) and all(isinstance(job._return_value, InputError) for _, job in failed)
        raise SystemExit(2 if refused else 1)
    return returns


def what_failed(error: Exception, path: Path) -> str:
    """The error as a sentence, where the log is, and its last lines unless the sentence says it all."""
    told = f"{sentence(error).rstrip('.')}; its log is {path}"
    if isinstance(error, InputError) or not path.exists():
        return told
    return "\n".join([told, *(f"    {line}" for line in path.read_text(errors="replace").splitlines()[-LAST:])])


def make_way(folder: Path, status: str) -> None:
    """Leave a run that was cut off to be gone on with; rename any other to `<folder>.old-<n>`: nothing is lost."""
    if status in ("running", "interrupted") and (folder / record.CHECKPOINT).exists():
        log.info("%s: %s before, gone on with", folder, status)
    elif folder.exists():
        number = 1
        while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
            number += 1
        folder.rename(aside)
        log.warning("%s: %s, run again; the earlier one was kept as %s", folder, status, aside.name)
