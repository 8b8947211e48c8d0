"""Prepare the folder of a study before its runs are launched: its plan, and what earlier commands left."""

import logging
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from filelock import FileLock

from ablate.runs import checkpoints, epochs, stages, study_plan
from ablate.runs.study_keys import keys_of
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study.extend import REPLACED, extended, kept, settings_changes
from ablate.study.leftovers import OWN, Leftovers, make_way, set_aside, set_file_aside
from ablate.study.status import planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural

log = logging.getLogger(__name__)


def prepare(
    folder: Path,
    plan: StudyPlan,
    extend: bool,
    retrain: bool = False,
    leftovers: Leftovers = OWN,
) -> None:
    """Write the plan and prepare the folders of its runs.

    With `retrain`, runs with other settings are moved to `.replaced/`. See `ablate.study.sweeper.sweep` for the
    arguments.

    Raises:
        InputError: the folder contains another study.
    """
    with FileLock(folder / ".lock"):  # another process may run the same study
        old = study_plan.read(folder) if (folder / study_plan.FILE).exists() else None
        whole = extended(folder, plan, extend, retrain)
        if old and retrain and settings_changes(folder, old, plan):
            set_file_aside(folder, stages.FILE)  # the planned looks at these runs
        replaced: list[Path | None] = []
        for dropped in sorted({run.folder for run in (old.runs if old else ())} - {run.folder for run in whole.runs}):
            replaced.append(set_aside(folder, dropped, leftovers))
        study_plan.write(folder, whole)
        check_letters(folder, {run.folder for run in whole.runs})
        states = [(run, planned_state(folder, run)) for run in plan.runs]
        done = sum(state.has_result for _, state in states)
        log.info("study %s: %s, %d of them already done", plan.name, _planned(plan), done)
        for run, state in states:
            if state.has_result:
                checkpoints.remove(folder / run.folder)  # left behind if the process was killed at the end
            else:
                replaced.append(make_way(folder, run, retrain, leftovers))
    if resumed := [text for run, state in states if not state.has_result and (text := resumes(folder, run))]:
        log.info("resumes %s", first_few(resumed))
    for line in changes_of(old, plan, whole, sum(path is not None for path in replaced) if retrain else None):
        log.info("%s", line)


def check_letters(study: Path, folders: Collection[str]) -> None:
    """Raise InputError if folders of runs are one on a file system that ignores case, as on macOS and Windows."""
    alike = Counter(folder.casefold() for folder in folders)
    twice = sorted(folder for folder in folders if alike[folder.casefold()] > 1)
    if twice and (study / study_plan.FILE.upper()).exists():
        raise InputError(
            f"{twice[0]} and {twice[1]} are the same folder on this file system, which does not distinguish upper and"
            " lower case. Rename a level, or use another disk: hydra.sweep.dir=FOLDER."
        )


def _planned(plan: StudyPlan) -> str:
    """The number of planned runs."""
    runs = plural(len(plan.runs), "run")
    return f"at most {runs} in {plural(len(plan.stages), 'stage')}" if plan.stages else runs


def resumes(folder: Path, run: PlannedRun) -> str:
    """The run and its epochs, if it resumes: `baseline/seed=0 (3 epochs done)`; else empty."""
    done = epochs.done(folder / run.folder)
    return f"{run.folder} ({done} epochs done)" if done and checkpoints.exist(folder / run.folder) else ""


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
        moved = plural(replaced, "earlier run was", "earlier runs were")
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
