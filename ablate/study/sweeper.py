"""Carry out a plan: launch the runs without a result, report the failures."""

import logging
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher

from ablate.config.messages import sentence
from ablate.files import atomic
from ablate.files.lock import TrainedElsewhere, is_locked, wait_for_any
from ablate.runs.stages import due_plan
from ablate.runs.statuses import NO_RECORD, RECORDED_END
from ablate.runs.study_plan import PlannedRun
from ablate.study import failures, stages
from ablate.study.comparable import planned_states
from ablate.study.launcher import failed
from ablate.study.leftovers import OWN, Leftovers
from ablate.study.plan_of_command import ComposedStudy
from ablate.study.prepare import prepare
from ablate.study.stages import Decide
from ablate.study.status import planned_state
from ablate.study.submitted import Submitted
from ablate.terminal import streams
from ablate.terminal.console import Terminal
from ablate.terminal.errors import InputError, UserError
from ablate.terminal.text import first_few, plural

log = logging.getLogger(__name__)


def sweep(
    study: ComposedStudy,
    launcher: Launcher,
    folder: Path,
    resuming: str,
    extend: bool = False,
    retrain: bool = False,
    leftovers: Leftovers = OWN,
    decide: Decide | None = None,
) -> None:
    """Run a composed study. Other processes may run the same study at the same time.

    Args:
        study: the study.
        launcher: starts its runs.
        folder: of the study.
        resuming: how to resume it, a sentence for an interrupt.
        extend: allow runs that the plan in the folder lacks.
        retrain: move finished runs with other settings aside and retrain them.
        leftovers: how to judge the folders of runs that did not finish.
        decide: which variants a planned look decides; None only for a study without stages.

    Raises:
        InputError: the folder contains another study.
        SystemExit: at the end, if runs have no result: see `conclude`.
        Submitted: runs are in the queue of a cluster, and the launcher does not wait for them.
    """
    streams.make_lossy()
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder, study.plan, extend, retrain, leftovers)
    errors: dict[str, Exception] = {}
    try:
        stages.run(
            folder,
            study.plan.runs,
            lambda runs: errors.update(launch(runs, study.overrides, folder, launcher)),
            decide,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(resuming) from None
    due = {run.folder for run in due_plan(folder).runs}
    conclude(folder, [run for run in study.plan.runs if run.folder in due], errors)


def conclude(folder: Path, runs: Sequence[PlannedRun], errors: Mapping[str, Exception]) -> None:
    """Print how many runs are done, and those without a result.

    Args:
        folder: of the study.
        runs: those of the command.
        errors: {run folder: exception} of the runs that failed in this process.

    Raises:
        SystemExit: runs have no result: with status 2 if this process refused the input of all runs, else 1.
    """
    states = [(run, planned_state(folder, run)) for run in runs]
    warn_of_other_images(folder)
    lost = [(run, state) for run, state in states if not state.has_result]
    if lost:
        Terminal().print(*failures.table(folder, lost, errors), sep="\n")
    hint = f"; write the report with: ablate report {shlex.quote(str(folder))}" if len(lost) < len(runs) else ""
    log.info("%s of %s done%s", f"{len(runs) - len(lost):,}", plural(len(runs), "run"), hint)
    if lost:
        # A run that another process trained has no exception here; its input counts as accepted.
        refused = len(lost) == len(runs) and all(isinstance(errors.get(run.folder), InputError) for run in runs)
        raise SystemExit(2 if refused else 1)


def warn_of_other_images(folder: Path) -> None:
    """Warn about runs that were trained on other images and are therefore excluded from comparisons."""
    plan = due_plan(folder)
    states = planned_states(folder, plan)
    if others := [run.folder for run, state in zip(plan.runs, states, strict=True) if state.status == "other images"]:
        log.warning(
            "study %s continues on other images: %s will not be compared with the other runs. Restore the images, or"
            " start another study.",
            plan.name,
            first_few(others),
        )


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
    while waiting := [run for run in waiting if planned_state(folder, run).status not in RECORDED_END]:
        takes_running = getattr(launcher, "takes_running", False)
        free = [run for run in waiting if takes_running or not is_locked(folder / run.folder)]
        if not free:
            log.info("Waiting for another process to train %s", first_few([run.folder for run in waiting], 1))
            wait_for_any([folder / run.folder for run in waiting])
            continue
        returns = launch_once(free, overrides, folder, launcher, number)
        number += len(free)
        for run, job in zip(free, returns, strict=True):
            if isinstance(job._return_value, TrainedElsewhere):
                continue  # the run is launched again if that process died without an end
            waiting.remove(run)
            if isinstance(job._return_value, Exception):
                errors[run.folder] = job._return_value
    return errors


def launch_once(
    runs: Sequence[PlannedRun], overrides: Mapping[str, list[str]], folder: Path, launcher: Launcher, number: int
) -> Sequence[JobReturn]:
    """Launch runs and return their results. `number` is the job number of the first one.

    If the launcher itself fails, as joblib's does when a worker is killed, the runs that it started have failed with
    its error, and the others count as trained elsewhere, so that they are launched again.
    """
    try:
        with atomic.naming(folder):  # errors in Hydra's own files do not name the file
            returns: Sequence[JobReturn] = launcher.launch([overrides[run.folder] for run in runs], number)
        return returns
    except Submitted:
        raise
    except Exception as error:
        started = [planned_state(folder, run).status not in NO_RECORD for run in runs]
        if isinstance(error, (UserError, OSError)) or not any(started):
            raise
        log.warning("The launcher failed: %s", sentence(error))
        return [failed(error if has_started else TrainedElsewhere()) for has_started in started]
