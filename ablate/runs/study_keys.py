"""The words of a command that set up a study, for messages: those of `ablate train` and those of another app."""

from typing import NamedTuple


class StudyKeys(NamedTuple):
    """Names of settings on the command line.

    Attributes:
        name: the name of the study.
        metric: what is compared.
        margin: the margin of equivalence.
        stages: the planned looks.
        tune: the settings that are tuned for each variant.
        extend: add runs.
        retrain: replace runs with other settings.
    """

    name: str
    metric: str
    margin: str
    stages: str
    tune: str
    extend: str
    retrain: str


TRAIN = StudyKeys("study.name", "study.metric", "study.margin", "study.stages", "study.tune", "--extend", "--retrain")
APP = StudyKeys(
    *(f"hydra.sweeper.{key}" for key in ("name", "metric", "margin", "stages", "tune", "extend=true", "retrain=true"))
)


def keys_of(app: str | None) -> StudyKeys:
    """The words for a study or run of `app`; None: `ablate train`."""
    return TRAIN if app is None else APP
