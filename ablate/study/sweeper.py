"""Carry out a plan: write it, launch the runs without a result, report the failures."""

import logging
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from filelock import FileLock
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher

from ablate.config.messages import sentence
from ablate.files import atomic
from ablate.files.lock import TrainedElsewhere, is_locked, wait_for_any
from ablate.runs import checkpoints, epochs, study_plan
from ablate.runs.stages import due_plan
from ablate.runs.statuses import FINISHED, NO_RECORD
from ablate.runs.study_keys import keys_of
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study import failures, stages
from ablate.study.comparable import planned_states
from ablate.study.compose import ComposedStudy
from ablate.study.extend import REPLACED, extended, kept, settings_changes
from ablate.study.launcher import failed
from ablate.study.leftovers import OWN, Leftovers, make_way, set_aside, set_looks_aside
from ablate.study.stages import Decide
from ablate.study.status import planned_state
from ablate.terminal import streams
from ablate.terminal.console import Terminal
from ablate.terminal.errors import InputError, UserError
from ablate.terminal.text import first_few

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
        SystemExit: at the end, if runs have no result: with status 2 if the input of all runs was refused, else 1.
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
        errors: {run folder: exception} of failed runs.

    Raises:
        SystemExit: runs have no result: with status 2 if the input of all runs was refused, else 1.
    """
    states = [(run, planned_state(folder, run)) for run in runs]
    warn_of_other_images(folder)
    lost = [(run, state) for run, state in states if not state.has_result]
    if lost:
        Terminal().print(*failures.table(folder, lost, errors), sep="\n")
    hint = f"; write the report with: ablate report {shlex.quote(str(folder))}" if len(lost) < len(runs) else ""
    log.info("%d of %d runs done%s", len(runs) - len(lost), len(runs), hint)
    if lost:
        refused = len(lost) == len(runs) and all(isinstance(e, InputError) for e in errors.values())
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


def prepare(
    folder: Path,
    plan: StudyPlan,
    extend: bool,
    retrain: bool = False,
    leftovers: Leftovers = OWN,
) -> None:
    """Write the plan and prepare the folders of its runs.

    With `retrain`, runs with other settings are moved to `.replaced/`. See `sweep` for the arguments.

    Raises:
        InputError: the folder contains another study.
    """
    with FileLock(folder / ".lock"):  # another process may run the same study
        old = study_plan.read(folder) if (folder / study_plan.FILE).exists() else None
        whole = extended(folder, plan, extend, retrain)
        if old and retrain and settings_changes(folder, old, plan):
            set_looks_aside(folder)
        replaced: list[Path | None] = []
        for dropped in sorted({run.folder for run in (old.runs if old else ())} - {run.folder for run in whole.runs}):
            if is_locked(folder / dropped):
                raise InputError(
                    f"{folder / dropped} is being trained by another process. Wait for it, or stop it first."
                )
            replaced.append(set_aside(folder, dropped))
        study_plan.write(folder, whole)
        states = [(run, planned_state(folder, run)) for run in plan.runs]
        done = sum(state.has_result for _, state in states)
        log.info("study %s: %s, %d of them already done", plan.name, _planned(plan), done)
        for run, state in states:
            if state.has_result:
                checkpoints.remove(folder / run.folder)  # left behind if the process was killed at the end
            else:
                replaced.append(make_way(folder, run.folder, state.status, retrain, leftovers))
    if resumed := [text for run, state in states if not state.has_result and (text := resumes(folder, run))]:
        log.info("resumes %s", first_few(resumed))
    for line in changes_of(old, plan, whole, sum(path is not None for path in replaced) if retrain else None):
        log.info("%s", line)


def _planned(plan: StudyPlan) -> str:
    """The number of planned runs."""
    return f"at most {len(plan.runs)} runs in {len(plan.stages)} stages" if plan.stages else f"{len(plan.runs)} runs"


def resumes(folder: Path, run: PlannedRun) -> str:
    """Where a run resumes: `baseline/seed=0 from epoch 4`; empty if it starts from the beginning."""
    done = epochs.done(folder / run.folder)
    return f"{run.folder} from epoch {done + 1}" if done and checkpoints.exist(folder / run.folder) else ""


def changes_of(old: StudyPlan | None, plan: StudyPlan, whole: StudyPlan, replaced: int | None) -> list[str]:
    """What a command changes in a study, and which runs it leaves unchanged, in sentences.

    Args:
        old: the plan in the folder; None if there is none.
        plan: the plan of the command.
        whole: both plans merged.
        replaced: number of runs moved to `.replaced/`; None without --retrain.
    """
    lines, keys = [], keys_of(plan.app)
    if replaced is not None:
        moved = "1 earlier run was" if replaced == 1 else f"{replaced} earlier runs were"
        done = (
            f"{moved} moved to {REPLACED}/ in the study's folder."
            if replaced
            else "no run has other settings, so none is replaced."
        )
        lines.append(f"{keys.retrain}: {done}")
    if old and old.margin != plan.margin:
        recorded = whole.margin_changes[len(old.margin_changes) :]
        when = f" after {recorded[0].results} runs had a result; the report states it" if recorded else ""
        lines.append(f"{keys.margin} was {_text(old.margin)}, now {_text(plan.margin)}{when}.")
    if others := kept(whole.runs, plan):
        lines.append(others)
    return lines


def _text(margin: float | None) -> str:
    return "null" if margin is None else f"{margin:g}"


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
    """Launch runs and return their results. `number` is the job number of the first one.

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
