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
from ablate.files.lock import TrainedElsewhere, is_locked, wait_for_any
from ablate.runs import checkpoints, study_plan
from ablate.runs.statuses import FINISHED, NO_RECORD
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study.comparable import planned_states
from ablate.study.compose import ComposedStudy
from ablate.study.earlier import make_way, set_aside
from ablate.study.extend import extended
from ablate.study.launcher import failed
from ablate.study.status import PlannedState, planned_state
from ablate.terminal import streams
from ablate.terminal.console import Terminal
from ablate.terminal.errors import InputError, UserError
from ablate.terminal.text import first_few, printable_lines

log = logging.getLogger(__name__)
LOG_LINES = 4  # shown of a failed run
LOG_BYTES = 4 * bounded.KIB  # read from the end of its log


def sweep(study: ComposedStudy, launcher: Launcher, config: DictConfig) -> None:
    """Run a composed study. Other processes may run the same study at the same time.

    Raises:
        InputError: the folder contains another study.
        SystemExit: at the end, if runs have no result: with status 2 if the input of all runs was refused, else 1.
    """
    streams.make_lossy()
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    runs = study.plan.runs
    missing = prepare(folder, study.plan, config.study.extend, config.study.retrain)
    errors = launch(missing, study.overrides, folder, launcher)
    states = [(run, planned_state(folder, run)) for run in runs]
    warn_of_other_images(folder)
    lost = [(run, state) for run, state in states if not state.has_result]
    if lost:
        Terminal().print(*failures(folder, lost, errors), sep="\n")
    log.info("%d of %d runs done; write the report with: ablate report %s", len(runs) - len(lost), len(runs), folder)
    if lost:
        refused = len(lost) == len(runs) and all(isinstance(e, InputError) for e in errors.values())
        raise SystemExit(2 if refused else 1)


def warn_of_other_images(folder: Path) -> None:
    """Warn of runs that were trained on other images and are therefore excluded from comparisons."""
    plan = study_plan.read(folder)
    states = planned_states(folder, plan)
    if others := [run.folder for run, state in zip(plan.runs, states, strict=True) if state.status == "other images"]:
        log.warning(
            "study %s continues on other images: %s will not be compared with the other runs. Restore the images, or"
            " start another study.",
            plan.name,
            first_few(others),
        )


def prepare(folder: Path, plan: StudyPlan, extend: bool, retrain: bool = False) -> list[PlannedRun]:
    """Write the plan and prepare the folders of its runs; returns the runs without a result.

    With `retrain`, runs with other settings are moved to `.replaced/`.

    Raises:
        InputError: the folder contains another study.
    """
    with FileLock(folder / ".lock"):  # another process may run the same study
        before = study_plan.read(folder).runs if (folder / study_plan.FILE).exists() else []
        whole = extended(folder, plan, extend, retrain)
        for dropped in {run.folder for run in before} - {run.folder for run in whole.runs}:
            if is_locked(folder / dropped):
                raise InputError(
                    f"{folder / dropped} is being trained by another process. Wait for it, or stop it first."
                )
            set_aside(folder, dropped)
        study_plan.write(folder, whole)
        states = [(run, planned_state(folder, run)) for run in plan.runs]
        missing = [run for run, state in states if not state.has_result]
        log.info("study %s: %d runs, %d of them already done", plan.name, len(plan.runs), len(plan.runs) - len(missing))
        for run, state in states:
            if state.has_result:
                checkpoints.remove(folder / run.folder)  # left behind if the process was killed at the end
            else:
                make_way(folder, run.folder, state.status, retrain)
    return missing


def launch(
    missing: Sequence[PlannedRun], overrides: Mapping[str, list[str]], folder: Path, launcher: Launcher
) -> dict[str, Exception]:
    """Launch each run once, and wait for runs that another process trains; launch those too if that process dies.

    Returns:
        {run folder: exception} of the failed runs.
    """
    errors: dict[str, Exception] = {}
    waiting = list(missing)
    number = 0
    while waiting := [run for run in waiting if planned_state(folder, run).status not in FINISHED]:
        free = [run for run in waiting if not is_locked(folder / run.folder)]
        if not free:
            log.info("Waiting for another process to train %s", first_few([run.folder for run in waiting], 1))
            wait_for_any([folder / run.folder for run in waiting])
            continue
        returns = launch_once(free, overrides, folder, launcher, number)
        number += len(free)
        for run, job in zip(free, returns, strict=True):
            if isinstance(
                job._return_value, TrainedElsewhere
            ):  # may have died since, so that the run is launched again
                continue
            waiting.remove(run)
            if isinstance(job._return_value, Exception):
                errors[run.folder] = job._return_value
    return errors


def launch_once(
    runs: Sequence[PlannedRun], overrides: Mapping[str, list[str]], folder: Path, launcher: Launcher, number: int
) -> Sequence[JobReturn]:
    """Launch runs and return their results, the first with this job number.

    If the launcher itself fails, as joblib's does when a worker is killed, the runs that it started have failed with
    its error, and the others count as trained elsewhere, so that they are launched again.
    """
    try:
        with atomic.naming(folder):  # errors in Hydra's own files do not name the file
            returns: Sequence[JobReturn] = launcher.launch([overrides[run.folder] for run in runs], number)
        return returns
    except Exception as error:
        started = [planned_state(folder, run).status not in NO_RECORD for run in runs]
        if isinstance(error, (UserError, OSError)) or not any(started):
            raise
        log.warning("The launcher failed: %s", sentence(error))
        return [failed(error if has_started else TrainedElsewhere()) for has_started in started]


def failures(
    folder: Path, lost: Sequence[tuple[PlannedRun, PlannedState]], errors: Mapping[str, Exception]
) -> list[Table | Text]:
    """Table of the runs without a result (status, reason), and the last lines of their logs."""
    table = Table(box=SIMPLE_HEAD, title="Runs without a result", title_justify="left")
    for name in ("run", "status", "reason"):
        table.add_column(name, overflow="fold")
    logs = []
    for run, state in lost:
        error = errors.get(run.folder)
        reason = sentence(error) if error else state.reason or "It was not started."
        if error and state.status == "interrupted":
            cause = reason.rstrip(".") if isinstance(error, OSError) else error
            reason = f"{cause}; run the same command again to resume."
        path = folder / run.folder / "train.log"
        table.add_row(Text(run.folder), state.status, Text(printable_lines(reason)))
        if path.is_file() and not isinstance(error, InputError):  # its message is complete
            end = printable_lines(bounded.tail(path, LOG_BYTES).decode(errors="replace")).splitlines()[-LOG_LINES:]
            logs.append(Text("\n".join([f"{path} ends with", *end])))
    return [table, *logs]
