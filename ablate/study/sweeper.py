"""Carry a plan out: write it, launch what is not done, tell what failed."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ablate.config.messages import sentence
from ablate.files import atomic, bounded
from ablate.files.lock import is_locked, lock
from ablate.runs import record
from ablate.study import plan
from ablate.terminal.errors import InputError
from ablate.terminal.progress import Terminal
from ablate.terminal.text import printable_lines

log = logging.getLogger(__name__)
LAST = 4  # lines of a failed run's log that are shown
ENOUGH = 4 * bounded.KIB  # bytes that these are in
ENDED = (*record.OUTCOMES, "failed")


def sweep(study: dict[str, Any], launcher: Launcher, config: DictConfig) -> None:
    """Run a composed study (`compose.study`) in its folder, together with whoever else is running it.

    Raises:
        InputError: the folder holds another study.
        SystemExit: with status 1 when a run has no outcome, all others having finished; 2 when each was refused its
            input.
    """
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    runs = study["runs"]
    with FileLock(folder / ".lock"):  # another process may write its plan at the same moment
        written = {**study, "runs": [{name: run[name] for name in record.PLANNED} for run in runs]}
        atomic.write_json(folder / "study.json", plan.extended(folder, written, config.study.extend))
        found = [record.read_planned(folder, run)["status"] for run in runs]
        missing = [run for run, status in zip(runs, found, strict=True) if status not in record.OUTCOMES]
        log.info("study %s: %d runs, %d of them already done", study["name"], len(runs), len(runs) - len(missing))
        for run, status in zip(runs, found, strict=True):
            if status not in record.OUTCOMES:
                make_way(folder / run["folder"], status)
            else:  # a kill just after its end has left these
                record.remove_checkpoints(folder / run["folder"])

    errors = launch(missing, lambda run: record.read_planned(folder, run)["status"], folder, launcher)
    found = [record.read_planned(folder, run) for run in runs]
    failed = [(run, now) for run, now in zip(runs, found, strict=True) if now["status"] not in record.OUTCOMES]
    if failed:
        Terminal().print(*failures(folder, failed, errors), sep="\n")
    log.info("%d of %d runs done; make the report with: ablate report %s", len(runs) - len(failed), len(runs), folder)
    if failed:
        refused = len(failed) == len(runs) and all(isinstance(e, InputError) for e in errors.values())
        raise SystemExit(2 if refused else 1)


def launch(
    missing: Sequence[dict[str, Any]], status: Callable[[dict[str, Any]], str], folder: Path, launcher: Launcher
) -> dict[str, Exception]:
    """Launch each run once, and wait for those that another process is at; the errors they ended with, by folder.

    A run that the other process leaves without an end, for it was killed, is launched here.
    """
    errors: dict[str, Exception] = {}
    waiting = list(missing)
    number = 0
    while waiting := [run for run in waiting if status(run) not in ENDED]:
        free = [run for run in waiting if not is_locked(folder / run["folder"])]
        if not free:
            log.info("%s and %d more are run by another process: waiting", waiting[0]["folder"], len(waiting) - 1)
            with lock(folder / waiting[0]["folder"]).acquire(timeout=-1):
                continue
        with atomic.naming(folder):  # Hydra's own files, of which its errors name none
            returns: Sequence[JobReturn] = launcher.launch([run["overrides"] for run in free], initial_job_idx=number)
        number += len(free)
        for run, job in zip(free, returns, strict=True):
            if isinstance(job._return_value, Exception):
                errors[run["folder"]] = job._return_value
        waiting = [run for run in waiting if run not in free or is_locked(folder / run["folder"])]
    return errors


def make_way(folder: Path, status: str) -> None:
    """Leave a run that was cut off to be gone on with; rename any other to `<folder>.old-<n>`: nothing is lost."""
    if not folder.exists() or is_locked(folder):
        return
    if status == "interrupted" and any((folder / name).exists() for name in record.CHECKPOINTS):
        log.info("%s: cut off before, gone on with", folder)
        return
    with lock(folder):
        number = 1
        while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
            number += 1
        folder.rename(aside)
    log.warning("%s: %s, run again; the earlier one was kept as %s", folder, status, aside.name)


def failures(
    folder: Path, failed: Sequence[tuple[dict[str, Any], dict[str, Any]]], errors: dict[str, Exception]
) -> list[Table | Text]:
    """A table of the runs without an outcome, what each is now and why; then the last lines of their logs."""
    drawn = Table(box=SIMPLE_HEAD, title="Runs without a result", title_justify="left")
    for name in ("run", "status", "why"):
        drawn.add_column(name, overflow="fold")
    logs = []
    for run, now in failed:
        error = errors.get(run["folder"])
        why = sentence(error) if error else now.get("error") or "It was not started."
        if error and now["status"] == "interrupted":
            ended = why.rstrip(".") if isinstance(error, OSError) else error
            why = f"{ended}; the same command goes on with it."
        path = folder / run["folder"] / "train.log"
        drawn.add_row(Text(run["folder"]), now["status"], Text(printable_lines(why)))
        if path.is_file() and not isinstance(error, InputError):  # whose sentence says it all
            end = printable_lines(bounded.tail(path, ENOUGH).decode(errors="replace")).splitlines()[-LAST:]
            logs.append(Text("\n".join([f"{path} ends with", *end])))
    return [drawn, *logs]
