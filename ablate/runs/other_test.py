"""`test-on/NAME.json`: the result of a run on another test set than its own, condition by condition."""

import re
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

from ablate.files import atomic, bounded
from ablate.runs import json_file
from ablate.runs.json_file import Fraction, Positive, Record
from ablate.runs.test_result import Interval, Use
from ablate.runs.valid_names import is_name
from ablate.terminal.errors import InputError

FOLDER = "test-on"
LARGEST = json_file.Limit(bounded.MIB, 2**16)  # 4,000 conditions
MOST = 200  # results of a run
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
Severity = Annotated[int, msgspec.Meta(ge=1, le=5)]


class ConditionResult(Record, frozen=True, kw_only=True):
    """The result on one condition. Accuracies are fractions.

    Attributes:
        name: of the corruption or the folder; empty if the test set has one condition; `clean` for the images that
            were corrupted.
        severity: 1 to 5; None if it has none.
        accuracy_interval: 95 %, over images.
        loss: mean cross-entropy, in nats.
        calibration_error: expected calibration error with 15 bins.
        data_sha256: of the images, as the network takes them, and their labels.
        metrics: the study's metrics that follow from the predictions, as `val_macro_f1`; of these images.
    """

    name: str
    severity: Severity | None = None
    images: Positive
    accuracy: Fraction
    accuracy_interval: Interval
    loss: float
    calibration_error: Fraction
    data_sha256: str
    metrics: dict[str, Fraction] | None = None

    def __post_init__(self) -> None:
        """Refuse a name that a terminal cannot print."""
        if not is_name(self.name or "all"):
            raise ValueError(f"a condition has the name {self.name!r:.80}, but must have printable text in one line")


class OtherTestResult(Use, frozen=True, kw_only=True):
    """The content of test-on/NAME.json. `test_sha256` is that of all conditions.

    Attributes:
        name: of the test set.
        source: what was passed as `--on`, without home folders.
        own: whether the images are those of the run's own test set, corrupted.
        images: number of images over all conditions.
    """

    __test__: ClassVar[bool] = False

    schema: int = json_file.SCHEMA
    name: str
    source: str
    own: bool
    images: Positive
    conditions: list[ConditionResult]

    def __post_init__(self) -> None:
        """Refuse a name that is no file name, a result without conditions, and a condition that occurs twice."""
        if not NAME.fullmatch(self.name) or not is_name(self.source):
            raise ValueError(f"the test set has the name {self.name!r:.80}")
        keys = [(one.name, one.severity) for one in self.conditions]
        if not keys or len(set(keys)) < len(keys):
            raise ValueError("it has no conditions, or one of them twice")


def file_name(text: str) -> str:
    """A name for a test set from a path: its last part, with a hyphen for each character that is not allowed."""
    name = re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-._")[:64]
    return name or "images"


def path_of(run: Path, name: str) -> Path:
    """The file of a run's result on the test set `name`."""
    return run / FOLDER / f"{name}.json"


def write(run: Path, result: OtherTestResult) -> None:
    """Write the result into a run's folder, whole or not at all."""
    path = path_of(run, result.name)
    path.parent.mkdir(exist_ok=True)
    atomic.write_json(path, {"schema": result.schema, "name": result.name, **msgspec.to_builtins(result)})


def read(run: Path, name: str) -> OtherTestResult | None:
    """The result of a run on the test set `name`; None if there is none. InputError if it is damaged."""
    path = path_of(run, name)
    if not path.exists():
        return None
    advice = "Move it away and test the run again."
    result = json_file.read(path, OtherTestResult, "a tested run", LARGEST, advice)
    if result.name != name:
        raise InputError(f"{path} is the result on another test set, {result.name}. {advice}")
    return result


def names(run: Path) -> list[str]:
    """The names of the test sets of which a run has results, sorted; at most `MOST`."""
    files = sorted((run / FOLDER).glob("*.json"))[:MOST]
    return [path.stem for path in files if NAME.fullmatch(path.stem)]
