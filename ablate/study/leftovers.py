"""What an earlier start left in the folder of a planned run: resumed, trained over, or moved to `.replaced/`."""

import itertools
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from ablate.files.lock import BRIEF, lock
from ablate.runs import finished, options
from ablate.runs.study_plan import PlannedRun
from ablate.study.extend import REPLACED
from ablate.study.status import recorded_state
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leftovers:
    """How to judge the folder of a run that did not finish.

    Attributes:
        resumes: whether an interrupted run is trained on in it, from its checkpoint or from the first epoch.
        worth_keeping: whether it holds anything that must not be lost.
    """

    resumes: Callable[[Path], bool] = finished.resumes
    worth_keeping: Callable[[Path], bool] = finished.worth_keeping


OWN = Leftovers()  # of runs of `ablate train`


def make_way(study: Path, run: PlannedRun, retrain: bool, leftovers: Leftovers = OWN) -> Path | None:
    """Keep the folder of an interrupted run, so that it resumes; move any other that is worth keeping to `.replaced/`.

    The state of the run is read while no other process can train it: one may have finished it a moment ago.

    Returns:
        The new folder of a run that was moved; else None.

    Raises:
        InputError: the folder holds a finished run of another configuration, and `retrain` is false.
    """
    folder = study / run.folder
    if not folder.exists():
        return None
    with suppress(Timeout), lock(folder, BRIEF):
        state = recorded_state(folder, run.config_sha256)
        status = "interrupted" if state.status == "running" else state.status
        if state.has_result:
            return None
        if not leftovers.worth_keeping(folder):
            clear(folder)
            return None
        if status == "interrupted" and leftovers.resumes(folder):
            log.info("%s: interrupted; training continues in this folder", folder)
            return None
        if status == "stale" and not retrain:
            finished.refuse(folder, in_study=True, which=" of another configuration or with other code of yours")
        aside = move(study, run.folder)
        log.warning("%s: %s; retraining, old folder moved to %s", folder, status, aside)
        return aside
    return None


def set_aside(study: Path, place: str, leftovers: Leftovers = OWN) -> Path | None:
    """Move a run that is no longer planned to `.replaced/`, if anything in it is worth keeping; returns its new folder.

    Raises:
        InputError: another process trains in it.
    """
    folder = study / place
    try:
        with lock(folder):
            return move(study, place) if leftovers.worth_keeping(folder) else None
    except Timeout:
        raise InputError(f"{folder} is being trained by another process. Wait for it, or stop it first.") from None


def move(study: Path, place: str) -> Path:
    """Move a run, whose lock is held, to `.replaced/<variant>/seed=<k>-<n>`; returns its new folder."""
    aside = unused(study, f"{place}-")
    aside.parent.mkdir(parents=True, exist_ok=True)
    (study / place).rename(aside)
    return aside


def set_file_aside(study: Path, name: str) -> None:
    """Move a file of runs that are replaced to `.replaced/<n>-<name>`, if there is one."""
    if (study / name).exists():
        aside = unused(study, "", f"-{name}")
        aside.parent.mkdir(exist_ok=True)
        (study / name).rename(aside)


def unused(study: Path, start: str, end: str = "") -> Path:
    """The first path in `.replaced/` that does not exist, with a number between `start` and `end`."""
    paths = (study / REPLACED / f"{start}{number}{end}" for number in itertools.count(1))
    return next(path for path in paths if not path.exists())


def clear(folder: Path) -> None:
    """Remove the copies of user code and option files that an unsuccessful start left in the folder of a run."""
    for name in ("own_code", options.FOLDER):
        shutil.rmtree(folder / name, ignore_errors=True)
