"""Carry out a plan: write it, launch the runs without a result, report the failures."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

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
from ablate.runs import checkpoints, finished, study_plan
from ablate.runs.statuses import FINISHED
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study.comparable import planned_states
from ablate.study.compose import ComposedStudy
from ablate.study.extend import REPLACED, extended
from ablate.study.status import PlannedState, planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.progress import Terminal
from ablate.terminal.text import first_few, printable_lines

log = logging.getLogger(__name__)
LAST = 4  # lines of a failed run's log that are shown
ENOUGH = 4 * bounded.KIB  # bytes that these are in


def sweep(study: ComposedStudy, launcher: Launcher, config: DictConfig) -> None:
    """Run a composed study in its folder, together with any other process that is running it.

    Raises:
        InputError: the folder holds another study.
        SystemExit: with status 1 when a run has no result, all others having finished; 2 when each was refused its
            input.
    """
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    runs = study.plan.runs
    missing = prepare(folder, study.plan, config.study.extend, config.study.retrain)
    errors = launch(missing, study.overrides, folder, launcher)
    states = [(run, planned_state(folder, run)) for run in runs]
    warn_of_other_images(folder)
    failed = [(run, state) for run, state in states if not state.has_result]
    if failed:
        Terminal().print(*failures(folder, failed, errors), sep="\n")
    log.info("%d of %d runs done; make the report with: ablate report %s", len(runs) - len(failed), len(runs), folder)
    if failed:
        refused = len(failed) == len(runs) and all(isinstance(e, InputError) for e in errors.values())
        raise SystemExit(2 if refused else 1)


def warn_of_other_images(folder: Path) -> None:
    """Report the runs of a study that are not on the images of those they would be compared with."""
    plan = study_plan.read(folder)
    states = planned_states(folder, plan)
    if others := [run.folder for run, state in zip(plan.runs, states, strict=True) if state.status == "other images"]:
        log.warning(
            "study %s continues on other images: %s will not be compared with the other runs. Restore the images, or"
            " start another study.",
            plan.name,
            first_few(others, LAST),
        )


def prepare(folder: Path, plan: StudyPlan, extend: bool, retrain: bool = False) -> list[PlannedRun]:
    """Write the plan and prepare the folders of its runs; returns the runs without a result.

    With `retrain`, runs of other settings are set aside.

    Raises:
        InputError: the folder holds another study.
    """
    with FileLock(folder / ".lock"):  # another process may write its plan at the same moment
        before = study_plan.read(folder).runs if (folder / study_plan.FILE).exists() else []
        whole = extended(folder, plan, extend, retrain)
        for dropped in {run.folder for run in before} - {run.folder for run in whole.runs}:
            if is_locked(folder / dropped):
                raise InputError(f"{folder / dropped} is trained by another process. Wait for it, or end it first.")
            set_aside(folder, dropped)
        study_plan.write(folder, whole)
        states = [(run, planned_state(folder, run)) for run in plan.runs]
        missing = [run for run, state in states if not state.has_result]
        log.info("study %s: %d runs, %d of them already done", plan.name, len(plan.runs), len(plan.runs) - len(missing))
        for run, state in states:
            if state.has_result:
                checkpoints.remove(folder / run.folder)  # a kill just after its end has left these
            else:
                make_way(folder, run.folder, state.status, retrain)
    return missing


def launch(
    missing: Sequence[PlannedRun], overrides: Mapping[str, list[str]], folder: Path, launcher: Launcher
) -> dict[str, Exception]:
    """Launch each run once, and wait for those that another process trains; the errors they ended with, by folder.

    A run whose other process is killed is launched here.
    """
    errors: dict[str, Exception] = {}
    waiting = list(missing)
    number = 0
    while waiting := [run for run in waiting if planned_state(folder, run).status not in FINISHED]:
        free = [run for run in waiting if not is_locked(folder / run.folder)]
        if not free:
            log.info("%s and %d more are run by another process: waiting", waiting[0].folder, len(waiting) - 1)
            with lock(folder / waiting[0].folder).acquire(timeout=-1):
                continue
        with atomic.naming(folder):  # Hydra's own files, of which its errors name none
            returns: Sequence[JobReturn] = launcher.launch(
                [overrides[run.folder] for run in free], initial_job_idx=number
            )
        number += len(free)
        for run, job in zip(free, returns, strict=True):
            if isinstance(job._return_value, Exception):
                errors[run.folder] = job._return_value
        waiting = [run for run in waiting if run not in free or is_locked(folder / run.folder)]
    return errors


def make_way(study: Path, place: str, status: str, retrain: bool) -> None:
    """Leave an interrupted run to be resumed, and set any other aside: nothing is lost.

    Raises:
        InputError: it is a finished run of another configuration, and not to be trained again.
    """
    folder = study / place
    if not folder.exists() or is_locked(folder):
        return
    if status == "interrupted" and checkpoints.exist(folder):
        log.info("%s: interrupted before, resumed", folder)
        return
    if status == "stale" and not retrain:
        finished.refuse(folder, in_study=True)
    if aside := set_aside(study, place):
        log.warning("%s: %s, run again; the earlier one is kept as %s", folder, status, aside)


def set_aside(study: Path, place: str) -> Path | None:
    """Move a run of a study to `.replaced/<variant>/seed=<k>-<n>`; its new folder, None if it holds no file."""
    folder = study / place
    if not any(path.is_file() for path in folder.rglob("*")):
        return None
    number = 1
    while (aside := study / REPLACED / f"{place}-{number}").exists():
        number += 1
    aside.parent.mkdir(parents=True, exist_ok=True)
    with lock(folder):
        folder.rename(aside)
    return aside


def failures(
    folder: Path, failed: Sequence[tuple[PlannedRun, PlannedState]], errors: Mapping[str, Exception]
) -> list[Table | Text]:
    """A table of the runs without a result, with status and reason; then the last lines of their logs."""
    drawn = Table(box=SIMPLE_HEAD, title="Runs without a result", title_justify="left")
    for name in ("run", "status", "why"):
        drawn.add_column(name, overflow="fold")
    logs = []
    for run, state in failed:
        error = errors.get(run.folder)
        why = sentence(error) if error else state.reason or "It was not started."
        if error and state.status == "interrupted":
            cause = why.rstrip(".") if isinstance(error, OSError) else error
            why = f"{cause}; the same command resumes it."
        path = folder / run.folder / "train.log"
        drawn.add_row(Text(run.folder), state.status, Text(printable_lines(why)))
        if path.is_file() and not isinstance(error, InputError):  # whose sentence says it all
            end = printable_lines(bounded.tail(path, ENOUGH).decode(errors="replace")).splitlines()[-LAST:]
            logs.append(Text("\n".join([f"{path} ends with", *end])))
    return [drawn, *logs]
