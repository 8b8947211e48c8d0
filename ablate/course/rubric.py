"""The mark bands of a course, from `conf/rubric/NAME.yaml` or a file like it: test accuracy -> mark."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ablate.config import CONF, trust
from ablate.files import bounded
from ablate.runs.test_result import Mark
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

LARGEST = 64 * bounded.KIB
BEGINS = ("above", "from")  # a band begins above a number of per cent, or at it


@dataclass(frozen=True)
class Band:
    """Accuracies (per cent) from `begins` on, that number `included` or not; `mark` in per cent of the marks."""

    begins: float
    included: bool
    mark: float


@dataclass(frozen=True)
class Rubric:
    """Bands, the highest first; below the last one the mark is 0."""

    name: str
    bands: tuple[Band, ...]

    def place(self, accuracy: float) -> int:
        """Which of the bands an accuracy (fraction) lies in, counted from the highest; `len(bands)` is below all."""
        reached = (
            accuracy >= band.begins / 100 if band.included else accuracy > band.begins / 100 for band in self.bands
        )
        return next((place for place, is_in in enumerate(reached) if is_in), len(self.bands))

    def mark(self, place: int) -> float:
        """The mark of a band, in per cent."""
        return self.bands[place].mark if place < len(self.bands) else 0.0

    def words(self, place: int) -> str:
        """The accuracies of a band, as `70 to 80 %`."""
        if place == len(self.bands):
            return f"under {self.bands[-1].begins:g} %"
        if place == 0:
            return (
                f"{self.bands[0].begins:g} % or more" if self.bands[0].included else f"over {self.bands[0].begins:g} %"
            )
        return f"{self.bands[place].begins:g} to {self.bands[place - 1].begins:g} %"

    def judge(self, accuracy: float, interval: Sequence[float]) -> Mark | None:
        """The mark of an accuracy and of both ends of its interval (fractions); None without bands."""
        if not self.bands:
            return None
        places = [self.place(value) for value in (accuracy, *interval)]
        marks, words = [self.mark(place) for place in places], [self.words(place) for place in places]
        (mark, *interval_marks), (band, *interval_bands) = marks, words
        return Mark(
            rubric=self.name,
            mark=mark,
            band=band,
            interval_marks=(interval_marks[0], interval_marks[1]),
            interval_bands=(interval_bands[0], interval_bands[1]),
        )


def known() -> list[str]:
    """The names in `conf/rubric/`."""
    return sorted(path.stem for path in (CONF / "rubric").glob("*.yaml"))


def read(name: str) -> Rubric:
    """The rubric of a name in `conf/rubric/`, or in a file.

    Raises:
        InputError: there is none, it cannot be read, or it is not made of bands that fall.
    """
    path = CONF / "rubric" / f"{name}.yaml" if name in known() else Path(name)
    if not path.is_file():
        raise InputError(
            f"There is no rubric {name}.{did_you_mean(name, known())} Give a file, or one of {', '.join(known())}."
        )
    try:
        text = bounded.contents(path, LARGEST).decode()
        trust.check_yaml(text)
        content = yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"The rubric {path} cannot be read ({' '.join(str(error).split())[:200]}).") from None
    if not isinstance(content, dict) or set(content) != {"bands"} or not isinstance(content["bands"], list):
        raise InputError(f"The rubric {path} must have one key, bands, a list as in conf/rubric/assignment.yaml.")
    bands = tuple(_band(path, band) for band in content["bands"])
    for before, after in itertools.pairwise(bands):
        if after.begins >= before.begins or after.mark >= before.mark:
            raise InputError(
                f"The bands of the rubric {path} must fall, accuracies and marks, but {before.begins:g} (mark"
                f" {before.mark:g}) is followed by {after.begins:g} (mark {after.mark:g})."
            )
    return Rubric(path.stem, bands)


def _band(path: Path, band: Any) -> Band:
    """One of the bands of a file, its keys and numbers checked."""
    begins = [key for key in BEGINS if isinstance(band, dict) and key in band]
    if len(begins) != 1 or set(band) != {*begins, "mark"}:
        raise InputError(
            f"A band of the rubric {path} is {str(band)[:80]}; it must be {{from: NUMBER, mark: NUMBER}}, or have above"
            " in the place of from."
        )
    for key, value in band.items():
        if type(value) not in (int, float) or not 0 <= value <= 100:
            raise InputError(f"The rubric {path} has {key}: {str(value)[:80]}; it must be a number from 0 to 100.")
    return Band(float(band[begins[0]]), begins[0] == "from", float(band["mark"]))
