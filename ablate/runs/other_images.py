"""Check that a run of a study has the same images as the finished runs."""

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
        plan = study_plan.read(study)
    except InputError:
        return ""
    runs = [run for run in plan.runs if not study_plan.data_varies(plan) or run.variant == record.variant]
    for run in runs:
        try:
            other = run_record.read(study / run.folder)
        except InputError:
            continue
        if other.has_result and other.data_sha256 not in (None, data_sha256):
            return (
                f"{study.name} continues on other images: those of {run.folder} were different (data_sha256). The"
                " report compares only runs on the same images. Restore the images, or start another study."
            )
    return ""
