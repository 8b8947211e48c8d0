"""What an earlier start left in the folder of a planned run: resumed, trained over, or moved to `.replaced/`."""

import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from ablate.files.lock import is_locked, lock
from ablate.runs import finished, options, stages
from ablate.study.extend import REPLACED

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


def make_way(study: Path, place: str, status: str, retrain: bool, leftovers: Leftovers = OWN) -> Path | None:
    """Keep the folder of an interrupted run, so that it resumes; move any other that is worth keeping to `.replaced/`.

    Returns:
        The new folder of a run that was moved; else None.

    Raises:
        InputError: the folder holds a finished run of another configuration, and `retrain` is false.
    """
    folder = study / place
    if not folder.exists() or is_locked(folder):
        return None
    if not leftovers.worth_keeping(folder):
        clear(folder)
        return None
    if status == "interrupted" and leftovers.resumes(folder):
        log.info("%s: interrupted; training continues in this folder", folder)
        return None
    if status == "stale" and not retrain:
        finished.refuse(folder, in_study=True, which=" of another configuration or with other code of yours")
    if aside := set_aside(study, place, leftovers):
        log.warning("%s: %s; retraining, old folder moved to %s", folder, status, aside)
    return aside


def set_aside(study: Path, place: str, leftovers: Leftovers = OWN) -> Path | None:
    """Move a run of a study to `.replaced/<variant>/seed=<k>-<n>`.

    Returns:
        The new folder; None if nothing in it was worth keeping, or another process has started to train in it.
    """
    folder = study / place
    number = 1
    while (aside := study / REPLACED / f"{place}-{number}").exists():
        number += 1
    with suppress(Timeout), lock(folder):
        if leftovers.worth_keeping(folder):
            aside.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(aside)
            return aside
    return None


def set_looks_aside(study: Path) -> None:
    """Move the planned looks at runs that are replaced to `.replaced/`."""
    if not (study / stages.FILE).exists():
        return
    number = 1
    while (aside := study / REPLACED / f"{number}-{stages.FILE}").exists():
        number += 1
    aside.parent.mkdir(exist_ok=True)
    (study / stages.FILE).rename(aside)


def clear(folder: Path) -> None:
    """Remove the copies of user code and option files that an unsuccessful start left in the folder of a run."""
    with suppress(Timeout), lock(folder):
        for name in ("own_code", options.FOLDER):
            shutil.rmtree(folder / name, ignore_errors=True)
