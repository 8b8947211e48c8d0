"""`val_predictions.npz`: the logits of the validation images, from which the recorded accuracy follows."""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ablate.files import arrays, atomic, bounded
from ablate.runs import run_record

log = logging.getLogger(__name__)
FILE = "val_predictions.npz"
LARGEST = bounded.GIB  # bytes: ten times what the predictions for ImageNet's validation images need
MOST_IMAGES = 2**22  # validation images; no set in use has more
MOST_CLASSES = 2**15  # of a record that does not name them


def write(folder: Path, index: np.ndarray, label: np.ndarray, logits: np.ndarray, reporting: np.ndarray) -> None:
    """Write the predictions of a run.

    Args:
        folder: of the run.
        index: positions of the validation images among the training images of the source, int64 (N,).
        label: their classes, int64 (N,).
        logits: float32 (N, classes); stored as float16 where that keeps each prediction.
        reporting: bool (N,), the images that give the run's metrics; stored only if not all do.
    """
    marks: dict[str, Any] = {} if reporting.all() else {"reporting": reporting}
    np.savez_compressed(content := io.BytesIO(), index=index, label=label, logits=compact(logits), **marks)
    atomic.write_bytes(folder / FILE, content.getvalue())


def positions(folder: Path) -> np.ndarray | None:
    """The positions of all validation images of a run among the training images of the source, int64 (N,).

    None if they are not recorded. See `logits` for the errors.
    """
    expected = {"index": arrays.Expected("iu", (range(1, MOST_IMAGES),))}
    return arrays.read(folder / FILE, expected, LARGEST, optional=["index"]).get("index")


class Predicted(NamedTuple):
    """The images that give a run's metrics.

    Attributes:
        labels: their classes, int64 (N,).
        predicted: the predicted ones, int64 (N,).
        classes: number of classes.
        positions: those among the training images of the source, int64 (N,); None if they are not recorded.
    """

    labels: np.ndarray
    predicted: np.ndarray
    classes: int
    positions: np.ndarray | None


def read(folder: Path) -> Predicted:
    """Read the predicted classes of a run; see `logits` for the errors."""
    return _stored(folder, lambda logits: logits.argmax(1))


def logits(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the labels, int64 (N,), and the logits, float32 (N, classes), of the images that give a run's metrics.

    The numbers of images and classes must be those of its record, as far as a record of an earlier version has them.

    Raises:
        InputError: the record cannot be read, or the file is too large.
        Exception: any other kind, for a damaged file.
    """
    stored = _stored(folder, lambda logits: logits.astype(np.float32))
    return stored.labels, stored.predicted


def _stored(folder: Path, reduce: Callable[[np.ndarray], np.ndarray]) -> Predicted:
    """The predictions of a run, where `predicted` has the logits reduced by blocks of images."""
    record = run_record.read(folder)
    count = 0

    def reduced(logits: np.ndarray) -> np.ndarray:
        nonlocal count
        count = logits.shape[1]
        return reduce(logits)

    images = record.images.validation if record.images else range(1, MOST_IMAGES)
    classes = len(record.classes) if record.classes else range(1, MOST_CLASSES)
    if isinstance(images, int) and not 0 < images < MOST_IMAGES:
        raise ValueError(f"the record states {images} validation images")
    expected = {
        "label": arrays.Expected("iu", (images,)),
        "logits": arrays.Expected("f", (images, classes), reduced),
        "index": arrays.Expected("iu", (images,)),
        "reporting": arrays.Expected("b", (images,)),
    }
    stored = arrays.read(folder / FILE, expected, LARGEST, optional=("index", "reporting"))
    labels, guesses = stored["label"].astype(np.int64), stored["logits"]
    reporting = stored.get("reporting", np.ones(len(labels), bool))
    if not len(labels) == len(guesses) == len(reporting) or not reporting.any():
        raise ValueError("its arrays are of different images, or none gives the metrics")
    if labels.min() < 0 or labels.max() >= count:
        raise ValueError("a label is of no class")
    index = stored.get("index")
    if index is not None and len(index) != len(labels):
        raise ValueError("its arrays are of different images")
    return Predicted(labels[reporting], guesses[reporting], count, None if index is None else index[reporting])


def compact(logits: np.ndarray) -> np.ndarray:
    """Convert logits (N, classes) to float16 if that keeps them finite and every prediction the same."""
    with np.errstate(over="ignore"):
        half = logits.astype(np.float16)
    same = np.isfinite(half).all() and np.array_equal(half.argmax(1), logits.argmax(1))
    return half if same else logits


def check(folder: Path, accuracy: Any) -> None:
    """Warn if the accuracy of the stored predictions is not the recorded one, a fraction."""
    with np.load(folder / FILE) as stored:
        correct = stored["logits"].argmax(1) == stored["label"]
        measured = float(correct[stored["reporting"] if "reporting" in stored else slice(None)].mean())
    if accuracy is None or abs(measured - accuracy) > 1e-9:
        log.warning("%s has an accuracy of %.2f %%, but %s is recorded", folder / FILE, 100 * measured, accuracy)
