"""Arguments that identify a run or a study: a folder, the name of a study, or a `Run` or `Study` object."""

import os
from pathlib import Path

from ablate.api.run import Run
from ablate.api.study import Study
from ablate.runs import study_plan

PathLike = str | os.PathLike[str]  # a folder; for a study, also its name in `outputs/`


def run_folder(run: PathLike | Run) -> Path:
    """Return the folder of a run."""
    return run.folder if isinstance(run, Run) else Path(run)


def study_folder(study: PathLike | Study) -> Path:
    """Return the folder of a study."""
    return study.folder if isinstance(study, Study) else study_plan.find(Path(study))
