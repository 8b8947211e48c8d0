"""`test.json`: the result of a run on the test set."""

import os
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from ablate.files import atomic, bounded
from ablate.runs import json_file, run_record
from ablate.runs.json_file import Count, Fraction, Positive, Record
from ablate.runs.valid_names import is_name
from ablate.terminal.errors import InputError

FILE = "test.json"
LARGEST = 64 * bounded.MIB  # bytes: the confusion matrix of a thousand classes has 10
OTHERS = 2**14  # values that are not of a class
CLASSES = 1000  # of a record that does not name them
Interval = tuple[Fraction, Fraction]


class Mistake(Record, frozen=True, kw_only=True):
    """A misclassified image: its index in the test set, its label, the prediction and its confidence."""

    index: Count
    label: Count
    predicted: Count
    confidence: Fraction


class Mark(Record, frozen=True, kw_only=True):
    """The mark of an accuracy by a rubric, in percent, its band, and those of both ends of the interval."""

    rubric: str
    mark: float
    band: str
    interval_marks: tuple[float, float]
    interval_bands: tuple[str, str]

    def __post_init__(self) -> None:
        """Refuse names that a terminal cannot print."""
        for name in (self.rubric, self.band, *self.interval_bands):
            if not is_name(name):
                raise ValueError(f"mark has the name {name!r:.80}, but must have printable text in one line")


class Use(Record, frozen=True, kw_only=True):
    """A use of the test set: when, by which run, with which weights and test images.

    All runs tested by one command are one look at the test set, and share its name, `look`.
    """

    time: str | None = None
    look: str | None = None
    variant: str | None = None
    seed: Count | None = None
    config_sha256: str | None = None
    code_sha256: str | None = None
    weights_sha256: str | None = None
    test_sha256: str | None = None


class TestResult(Use, frozen=True, kw_only=True):
    """The content of test.json. Accuracies and intervals are fractions; keys of dicts are class names.

    Attributes:
        uses: how often the run was tested, including this time.
        reliability: for each confidence bin: number of images, sum of their confidences, number of correct ones.
        confusion: confusion matrix, number of images: one row per true class, one column per predicted class.
        mistakes: the most confident errors.
        metrics: the study's metrics that follow from the predictions, as `val_macro_f1`; of the test images.
    """

    __test__: ClassVar[bool] = False  # pytest would take it for a test

    schema: int = json_file.SCHEMA
    uses: Positive
    images: Positive
    accuracy: Fraction
    loss: float
    accuracy_interval: Interval
    per_class_accuracy: dict[str, Fraction | None]
    per_class_interval: dict[str, Interval | None]
    calibration_error: Fraction
    reliability: list[tuple[float, float, float]]
    confusion: list[list[Count]]
    mistakes: list[Mistake]
    mark: Mark | None = None
    metrics: dict[str, Fraction] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError if fields are inconsistent."""
        k = len(self.per_class_accuracy)
        if set(self.per_class_interval) != set(self.per_class_accuracy):
            raise ValueError("per_class_interval has other classes than per_class_accuracy")
        if any(low > high for low, high in filter(None, [self.accuracy_interval, *self.per_class_interval.values()])):
            raise ValueError("the lower end of an interval is above its upper end")
        if [len(row) for row in self.confusion] != [k] * k:
            raise ValueError(f"confusion is not {k} by {k}, the number of classes")
        if any(max(mistake.label, mistake.predicted) >= k for mistake in self.mistakes):
            raise ValueError(f"a mistake has a label outside 0 to {k - 1}")


def as_dict(result: TestResult) -> dict[str, Any]:
    """The content of test.json."""
    return {"schema": result.schema, "uses": result.uses, **msgspec.to_builtins(result)}


def write(run: Path, result: TestResult) -> None:
    """Write test.json into a run's folder, whole or not at all."""
    atomic.write_json(run / FILE, as_dict(result))


def read(run: Path) -> TestResult | None:
    """The result in a run's folder; None if there is none, or one of an earlier version, which has less.

    Raises:
        InputError: it is damaged, or of something else.
    """
    path = Path(run) / FILE
    if not os.path.lexists(path):
        return None
    most = _largest(Path(run))
    content = json_file.read_object(path, "a tested run", most)
    if "uses" not in content and isinstance(content.get("accuracy"), float) and 0 <= content["accuracy"] <= 1:
        return None
    return json_file.read(path, TestResult, "a tested run", most, "Move it away and test the run again.")


def _largest(run: Path) -> json_file.Limit:
    """The largest test.json of a run: its confusion matrix has a number for each pair of its classes."""
    try:
        classes = len(run_record.read(run).classes or range(CLASSES))
    except InputError:
        classes = CLASSES
    values = classes**2 + 16 * classes + OTHERS
    return json_file.Limit(min(LARGEST, 64 * values), values)
