"""A finished run is never overwritten."""

from pathlib import Path

from ablate.runs import run_record
from ablate.runs.study_keys import keys_of
from ablate.terminal.errors import InputError


def is_finished(folder: Path) -> bool:
    """True if the folder holds a run that completed, diverged or was pruned."""
    try:
        return (folder / run_record.FILE).exists() and run_record.read(folder).has_result
    except InputError:
        return False


def refuse(folder: Path, in_study: bool = False) -> None:
    """Raise InputError if the folder holds a finished run; its advice is for a run in a study, or outside one."""
    if is_finished(folder):
        keys = keys_of(run_record.read(folder).app)
        advice = (
            f"Choose another {keys.name}, or add {keys.retrain} to replace it."
            if in_study
            else "Choose another folder with hydra.run.dir=FOLDER, or delete this one."
        )
        raise InputError(f"{folder} holds a finished run, which is not overwritten. {advice}")
