"""A finished run is never overwritten, nor the epochs of an unfinished one by another run."""

from collections.abc import Callable
from pathlib import Path

from ablate.runs import checkpoints, epochs, provenance, run_record
from ablate.runs.study_keys import keys_of
from ablate.terminal.errors import InputError


def is_finished(folder: Path) -> bool:
    """True if the folder holds a run that completed, diverged or was pruned."""
    try:
        return (folder / run_record.FILE).exists() and run_record.read(folder).has_result
    except InputError:
        return False


def refuse(folder: Path, in_study: bool = False, which: str = "") -> None:
    """Raise InputError if the folder holds a finished run.

    Args:
        folder: of a run.
        in_study: whether the advice is for a run in a study.
        which: how the finished run differs from the planned one, if it does, such as ` of another configuration`.
    """
    if is_finished(folder):
        keys = keys_of(run_record.read(folder).app)
        advice = (
            f"Choose another {keys.name}, or add {keys.retrain} to replace it."
            if in_study
            else "Choose another folder with hydra.run.dir=FOLDER, or delete this one."
        )
        raise InputError(f"{folder} holds a finished run{which}, which is not overwritten. {advice}")


def worth_keeping(folder: Path) -> bool:
    """True if a run folder holds a checkpoint, weights, an epoch, or a run.json that has an end or cannot be read."""
    if checkpoints.exist(folder) or (folder / "model.pt").exists() or epochs.done(folder):
        return True
    try:
        return run_record.read(folder).status != "running"
    except InputError:
        return (folder / run_record.FILE).exists()


def resumes(folder: Path) -> bool:
    """True if an interrupted run of the planned configuration is trained on in its folder.

    It resumes from its checkpoint. Without one it starts from the first epoch, and repeats what it had trained. Both
    need the code that began the run.
    """
    starts_again = not (folder / "model.pt").exists()
    is_same_code = run_record.read(folder).code_sha256 == provenance.code_sha256()
    return is_same_code and (checkpoints.exist(folder) or starts_again)


def refuse_other(folder: Path, config_sha256: Callable[[], str | None]) -> None:
    """Raise InputError if the folder holds epochs of an unfinished run that this configuration or code cannot resume.

    Args:
        folder: of a run outside a study; in a study, such runs are moved to `.replaced/`.
        config_sha256: called if the folder holds epochs.
    """
    if not (folder / run_record.FILE).exists() or not (checkpoints.exist(folder) or epochs.done(folder)):
        return
    record = run_record.read(folder)
    if record.config_sha256 != config_sha256():
        differing = f"another configuration ({record.rerun})" if record.rerun else "another configuration"
    elif record.code_sha256 != provenance.code_sha256():
        differing = "another version of the code"
    else:
        return
    raise InputError(
        f"{folder} holds an unfinished run with {differing}, whose epochs are not overwritten. Choose another folder"
        " with hydra.run.dir=FOLDER, or delete this one."
    )
