"""Mark bands of a course, from `conf/rubric/NAME.yaml` or a file of the same form: test accuracy -> mark."""

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

MAX_BYTES = 64 * bounded.KIB
BOUNDS = ("above", "from")  # exclusive and inclusive lower bound of a band, in percent


@dataclass(frozen=True)
class Band:
    """A range of accuracies with the same mark.

    lower      lower bound of the accuracy, in percent
    inclusive  whether the band includes its lower bound
    mark       percentage of the full mark
    """

    lower: float
    inclusive: bool
    mark: float


@dataclass(frozen=True)
class Rubric:
    """Bands in descending order; below the last one the mark is 0.

    classes   those of the data set that the marks are for; None for any data set
    data      `data._target_` of the runs that the marks are for; None for all
    """

    name: str
    bands: tuple[Band, ...]
    classes: frozenset[str] | None = None
    data: frozenset[str] | None = None

    def band_index(self, accuracy: float) -> int:
        """Return the index of the band of an accuracy (fraction); `len(bands)` if it is below all bands."""
        for index, band in enumerate(self.bands):
            if accuracy > band.lower / 100 or (band.inclusive and accuracy == band.lower / 100):
                return index
        return len(self.bands)

    def mark(self, index: int) -> float:
        """Return the mark of the band with this index, in percent."""
        return self.bands[index].mark if index < len(self.bands) else 0.0

    def range_text(self, index: int) -> str:
        """Format the accuracies of the band with this index: `70 to 80 %`."""
        if index == len(self.bands):
            return f"under {self.bands[-1].lower:g} %"
        band = self.bands[index]
        if index == 0:
            return f"{band.lower:g} % or more" if band.inclusive else f"over {band.lower:g} %"
        return f"{band.lower:g} to {self.bands[index - 1].lower:g} %"

    def judge(self, accuracy: float, interval: Sequence[float], classes: Sequence[str], data: str) -> Mark | None:
        """Return the marks of a test accuracy; None if the rubric has no bands, or is for another data set.

        Args:
            accuracy: a fraction.
            interval: the ends of its confidence interval, fractions.
            classes: of the test set.
            data: `data._target_` of the run. The images of `ablate.data.download` are known by their checksums; those
                of a folder are not, whatever their classes are called.
        """
        is_other = self.data is not None and data not in self.data
        if not self.bands or is_other or (self.classes is not None and self.classes != set(classes)):
            return None
        indices = [self.band_index(value) for value in (accuracy, *interval)]
        mark, *interval_marks = [self.mark(index) for index in indices]
        band, *interval_bands = [self.range_text(index) for index in indices]
        return Mark(
            rubric=self.name,
            mark=mark,
            band=band,
            interval_marks=(interval_marks[0], interval_marks[1]),
            interval_bands=(interval_bands[0], interval_bands[1]),
        )


def known() -> list[str]:
    """The names of the rubrics in `conf/rubric/`."""
    return sorted(path.stem for path in (CONF / "rubric").glob("*.yaml"))


def read(name: str) -> Rubric:
    """Read a rubric.

    Args:
        name: an option of `conf/rubric/`, or the path of a YAML file.

    Raises:
        InputError: the file is missing or invalid, or its bands are not in descending order.
    """
    path = CONF / "rubric" / f"{name}.yaml" if name in known() else Path(name)
    if not path.is_file():
        raise InputError(
            f"Unknown rubric {name}.{did_you_mean(name, known())} Pass a file, or one of {', '.join(known())}."
        )
    try:
        text = bounded.contents(path, MAX_BYTES).decode()
        trust.check_yaml(text)
        content = yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"The rubric {path} cannot be read ({' '.join(str(error).split())[:200]}).") from None
    keys = {"bands", "classes", "data"}
    lists = isinstance(content, dict) and all(isinstance(value, list) for value in content.values())
    if not lists or not {"bands"} <= set(content) <= keys:
        raise InputError(
            f"The rubric {path} must have the key bands, and may have classes and data: lists as in"
            " conf/rubric/assignment.yaml."
        )
    bands = tuple(_band(path, band) for band in content["bands"])
    for higher, lower in itertools.pairwise(bands):
        if lower.lower >= higher.lower or lower.mark >= higher.mark:
            raise InputError(
                f"The bands of the rubric {path} must be in descending order of accuracy and mark, but {higher.lower:g}"
                f" (mark {higher.mark:g}) is followed by {lower.lower:g} (mark {lower.mark:g})."
            )
    limits = {key: frozenset(map(str, content[key])) for key in ("classes", "data") if key in content}
    return Rubric(path.stem, bands, **limits)


def _band(path: Path, band: Any) -> Band:
    """Parse and check a band."""
    bounds = [key for key in BOUNDS if isinstance(band, dict) and key in band]
    if len(bounds) != 1 or set(band) != {*bounds, "mark"}:
        raise InputError(
            f"The rubric {path} has the invalid band {str(band)[:80]}. A band is {{from: NUMBER, mark: NUMBER}} or"
            " {above: NUMBER, mark: NUMBER}."
        )
    for key, value in band.items():
        if type(value) not in (int, float) or not 0 <= value <= 100:
            raise InputError(f"The rubric {path} has {key}: {str(value)[:80]}, expected a number from 0 to 100.")
    return Band(float(band[bounds[0]]), bounds[0] == "from", float(band["mark"]))
