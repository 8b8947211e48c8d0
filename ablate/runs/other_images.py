"""Check that a run of a study has the same images as the finished runs."""

from functools import lru_cache
from pathlib import Path

from ablate.runs import run_record, study_plan
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError


def of_study(folder: Path, record: RunRecord, data_sha256: str) -> str:
    """Return a warning if finished runs of the study were trained on other images, else an empty string.

    If the study varies `data`, only runs of the same variant are compared.

    Args:
        folder: of a run of the study.
        record: of that run.
        data_sha256: hash of its images.
    """
    study = study_plan.containing(folder)
    if study is None:
        return ""
    try:
        plan = study_plan.read_shared(study)
    except (InputError, OSError):
        return ""
    runs = [run for run in plan.runs if not study_plan.data_varies(plan) or run.variant == record.variant]
    for run in runs:
        if _images_of(study / run.folder) not in (None, data_sha256):
            return (
                f"{study.name} continues on other images: those of {run.folder} were different (data_sha256). The"
                " report compares only runs on the same images. Restore the images, or start another study."
            )
    return ""


def _images_of(run: Path) -> str | None:
    """The hash of the images of a finished run; None if it has no result or does not record one."""
    try:
        state = (run / run_record.FILE).stat()
    except OSError:
        return None
    return _recorded(run, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=study_plan.MOST_RUNS)
def _recorded(run: Path, *_: int) -> str | None:
    """Read once per process as long as the file stays the same, since each run of a study asks for all others."""
    try:
        record = run_record.read(run)
    except InputError:
        return None
    return record.data_sha256 if record.has_result else None
