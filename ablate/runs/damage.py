"""The files of a completed run checked against its record: which ones are missing, damaged or from another run.

Not checked, because run.json does not record their contents: train.log, code.patch, `options/`, and figures.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import yaml

from ablate.config import trust
from ablate.files import bounded
from ablate.runs import epochs, misclassified, other_test, predictions, run_record, samples, test_log, test_result
from ablate.runs.config_defaults import is_of
from ablate.runs.read_config import LARGEST, read_config
from ablate.runs.run_record import METRICS, RunRecord
from ablate.terminal.errors import InputError
from ablate.terminal.text import printable

TOLERANCE = 1e-4  # relative: validation metrics are computed again for the record, on the CPU
SUBMITTED_CODE = "*/ablate/__init__.py"  # only a submission has the code of this package
LARGEST_CODE = 16 * bounded.MIB  # bytes of a file of user code


def damaged(folder: Path, record: RunRecord, trusted: bool = False) -> list[str]:
    """A sentence for each file in the folder of a completed run that is damaged, missing or from another run.

    An unpacked submission has only a part of a run's files, so those that it lacks are not named.

    Args:
        folder: of the run, or of an unpacked submission.
        record: content of its run.json.
        trusted: whether interpolations of its configuration may read more than the configuration.
    """
    return [sentence for path, check in _checks(folder, record, trusted) if (sentence := _problem(path, check))]


def _checks(folder: Path, record: RunRecord, trusted: bool) -> Iterator[tuple[Path, Callable[[], object]]]:
    """Each file and a function that raises if it is damaged."""
    is_whole = next(folder.glob(SUBMITTED_CODE), None) is None
    if is_whole:
        yield folder / ".hydra" / "config.yaml", partial(_check_config, folder, record, trusted)
        for name, sha256 in record.own_code.items():
            yield folder / "own_code" / name, partial(_check_code, folder / "own_code" / name, sha256)
        yield folder / ".hydra" / "hydra.yaml", partial(_check_overrides, folder / ".hydra")
    written = ((epochs.FILE, _check_curves), (predictions.FILE, _check_predictions), (samples.FILE, _check_samples))
    for name, check in written:
        if is_whole or (folder / name).exists():
            yield folder / name, partial(check, folder, record)
    if (folder / test_result.FILE).exists():
        yield folder / test_result.FILE, partial(_check_test, folder)
    if (folder / misclassified.FILE).exists():
        yield folder / misclassified.FILE, partial(_check_misclassified, folder)
    if (folder / test_log.FILE).exists():
        yield folder / test_log.FILE, partial(_check_log, folder / test_log.FILE)
    for name in other_test.names(folder):
        yield other_test.path_of(folder, name), partial(other_test.read, folder, name)


def _problem(path: Path, check: Callable[[], object]) -> str:
    """What is wrong with a file, a sentence; empty if nothing is."""
    try:
        check()
    except InputError as error:
        return str(error)
    except FileNotFoundError as error:
        return f"{error.filename or path} is missing."
    except Exception as error:  # zipfile and numpy raise many kinds on a damaged file
        return f"{path} is damaged: {printable(str(error))[:200].rstrip('.') or type(error).__name__}."
    return ""


def _check_config(folder: Path, record: RunRecord, trusted: bool) -> None:
    """Raise ValueError unless the configuration is complete and has the recorded hash."""
    config = read_config(folder, trusted)
    _check_end(bounded.contents(folder / ".hydra" / "config.yaml", LARGEST))
    if record.config_sha256 is not None and not is_of(record, config):
        raise ValueError(f"its hash is not that in {run_record.FILE}")


def _check_code(path: Path, sha256: str) -> None:
    """Raise ValueError unless a file of user code has the recorded hash."""
    if hashlib.sha256(bounded.contents(path, LARGEST_CODE)).hexdigest() != sha256:
        raise ValueError(f"its hash is not that in {run_record.FILE}")


def _check_overrides(folder: Path) -> None:
    """Raise ValueError unless Hydra's two records of the command line are the same."""
    contents = [bounded.contents(folder / name, LARGEST) for name in ("hydra.yaml", "overrides.yaml")]
    for content in contents:
        _check_end(content)
        trust.check_yaml(content.decode())
    settings, words = map(yaml.safe_load, contents)
    if settings["hydra"]["overrides"]["task"] != words:
        raise ValueError("its overrides are not those in overrides.yaml")


def _check_end(content: bytes) -> None:
    """Raise ValueError unless a text file ends with a line break, as Hydra writes it."""
    if not content.endswith(b"\n"):
        raise ValueError("its end is missing")


def _check_curves(folder: Path, record: RunRecord) -> None:
    """Raise ValueError unless metrics.csv has each epoch, and that of the result with its recorded metrics."""
    path = folder / epochs.FILE
    lines = sum(1 for _ in bounded.lines(path, epochs.LARGEST, epochs.LONGEST))
    table = epochs.read(path, record.planned_epochs)
    if not set(METRICS) <= set(table) <= set(epochs.COLUMNS):
        raise ValueError("its columns are not those of a run")
    rows = epochs.count(table)
    done = set(table["epoch"])
    if lines != rows + 1 or (record.done_epochs is not None and done != set(range(1, record.done_epochs + 1))):
        raise ValueError(f"it has {len(done)} readable epochs, the run {record.done_epochs}")
    recorded, on_all = record.metrics or {}, not (record.images and record.images.selection)
    if (epoch := recorded.get("epoch")) is None:
        return  # no row to compare
    if epoch not in done:
        raise ValueError(f"it lacks the epoch of the result, {epoch}")
    at = rows - 1 - table["epoch"][::-1].index(epoch)
    for name in METRICS:
        measured, value = table[name][at], recorded.get(name)
        if value is None or (name.startswith("val_") and not on_all):
            continue
        if not math.isclose(measured, value, rel_tol=TOLERANCE, abs_tol=TOLERANCE**2):
            raise ValueError(f"{name} of epoch {epoch} is {measured:g}, but {value:g} is recorded")


def _check_predictions(folder: Path, record: RunRecord) -> None:
    """Raise unless the predictions are readable and have the recorded accuracy."""
    stored = predictions.read(folder)
    measured = float((stored.predicted == stored.labels).mean())
    if record.val_accuracy is not None and abs(measured - record.val_accuracy) > 1e-9:
        raise ValueError(f"its accuracy is {measured:.4f}, but {record.val_accuracy:.4f} is recorded")


def _check_samples(folder: Path, record: RunRecord) -> None:
    """Raise unless the augmented training images are readable and have the size of the model's input."""
    samples.read(folder)


def _check_test(folder: Path) -> None:
    """Raise unless the result on the test set is readable, and its confusion matrix has the recorded accuracy."""
    if (result := test_result.read(folder)) is None:
        return
    correct = sum(row[label] for label, row in enumerate(result.confusion))
    if sum(map(sum, result.confusion)) != result.images or abs(correct / result.images - result.accuracy) > 1e-9:
        raise ValueError("its confusion matrix does not have its number of images and its accuracy")


def _check_misclassified(folder: Path) -> None:
    """Raise unless the misclassified images are readable, and those of the result on the test set."""
    try:
        result = test_result.read(folder)
    except InputError:
        return  # test.json itself is named
    if result:
        misclassified.read(folder, result)


def _check_log(path: Path) -> None:
    """Raise ValueError unless each line of the log of tests is readable."""
    if unreadable := test_log.read_log(path)[1]:
        raise ValueError(f"{unreadable} of its lines cannot be read")
