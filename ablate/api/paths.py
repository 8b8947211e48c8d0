"""What names a run or a study: a path, a study's name, or what the functions give."""

from os import PathLike
from pathlib import Path

from ablate.api.run import Run
from ablate.api.study import Study
from ablate.runs import study_plan

Place = str | PathLike[str]  # of a folder; a study's may also be its name under `outputs/`


def of_run(place: Place | Run) -> Path:
    """The folder of a run."""
    return place.folder if isinstance(place, Run) else Path(place)


def of_study(place: Place | Study) -> Path:
    """The folder of a study."""
    return place.folder if isinstance(place, Study) else study_plan.find(Path(place))
