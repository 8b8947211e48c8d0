"""Check that a run of a study has the same images as the finished runs."""

from pathlib import Path

from ablate.runs import run_record, study_plan
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError


def of_study(folder: Path, record: RunRecord, data_sha256: str) -> str:
    """Return a warning if a finished run of the baseline was trained on other images, else an empty string.

    The report compares only runs on the images of the baseline. The runs of other variants are not read, since a study
    may have thousands. If the study varies `data` or has no baseline, it is the runs of the same variant that count.

    Args:
        folder: of a run of the study.
        record: of that run.
        data_sha256: hash of its images.
    """
    study = study_plan.containing(folder)
    if study is None:
        return ""
    try:
        plan = study_plan.read_once(study)
    except InputError:
        return ""
    baseline = [run for run in plan.runs if run.variant == study_plan.BASELINE]
    same_variant = [run for run in plan.runs if run.variant == record.variant]
    for run in same_variant if study_plan.data_varies(plan) else baseline or same_variant:
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
