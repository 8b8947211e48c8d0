"""Settings that are tuned for each variant of a study: the plan of the tuning, and `tuning/chosen.json`.

The runs of the tuning are a study of its own in the folder `tuning`, with seeds of its own. The setting of a variant is
chosen once, when all of its tuning runs have a result; it is then read, never chosen again, also after an interruption.
"""

from collections.abc import Mapping
from pathlib import Path

from ablate.files import bounded
from ablate.runs import json_file
from ablate.runs.json_file import Count, Record
from ablate.terminal.errors import InputError

FOLDER = "tuning"  # in the folder of the study
FILE = "chosen.json"  # in this folder
DESIGN = "tuning"  # of the study in it
LARGEST = json_file.Limit(32 * bounded.MIB, 2**20)
Setting = dict[str, str]  # {key: level} of the tuned keys


class TuningPlan(Record, frozen=True, kw_only=True):
    """How each variant is tuned, with the same budget.

    Attributes:
        keys: {tuned key: its levels or interval, as text}.
        settings: those tried for each variant, in order.
        seeds: of the tuning runs, none of which is a seed of the report.
        is_random: whether the settings are random draws; else they are all combinations of the levels.
    """

    keys: dict[str, str]
    settings: list[Setting]
    seeds: list[Count]
    is_random: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that do not have the tuned keys."""
        if not self.settings or not self.seeds or any(setting.keys() != self.keys.keys() for setting in self.settings):
            raise ValueError("the tuning has no settings or seeds, or settings without a value of each key")


class Chosen(Record, frozen=True, kw_only=True):
    """The content of chosen.json.

    Attributes:
        chosen: {variant: its setting}.
    """

    schema: int = json_file.SCHEMA
    chosen: dict[str, Setting]


def read_chosen(study: Path, plan: TuningPlan) -> dict[str, Setting]:
    """{variant: setting} of the variants whose setting was chosen.

    Args:
        study: folder of the study.
        plan: of its tuning.

    Raises:
        InputError: the file is not valid, or has settings that the plan lacks.
    """
    path = study / FOLDER / FILE
    if not path.is_file():
        return {}
    advice = "Get a fresh copy; a setting is chosen once."
    chosen = json_file.read(path, Chosen, "a tuned study", LARGEST, advice).chosen
    if unknown := [variant for variant, setting in chosen.items() if setting not in plan.settings]:
        raise InputError(f"{path} does not belong to the plan in {study}: the setting of {unknown[0]!r:.80}. {advice}")
    return chosen


def write_chosen(study: Path, chosen: Mapping[str, Setting]) -> None:
    """Write chosen.json, whole or not at all."""
    json_file.write(study / FOLDER / FILE, Chosen(chosen=dict(chosen)))
