"""What names a run or a study: a path, a study's name, or what the functions give."""

from os import PathLike
from pathlib import Path

from ablate.api.run import Run
from ablate.api.study import Study
from ablate.runs import record

Place = str | PathLike[str]  # of a folder; a study's may also be its name under `outputs/`


def of_run(given: Place | Run) -> Path:
    """The folder of a run."""
    return given.folder if isinstance(given, Run) else Path(given)


def of_study(given: Place | Study) -> Path:
    """The folder of a study."""
    return given.folder if isinstance(given, Study) else record.find_study(Path(given))
