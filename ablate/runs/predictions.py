"""`val_predictions.npz`: the logits of the validation images, from which the recorded accuracy follows."""

import io
import logging
from pathlib import Path
from typing import Any

import numpy as np

from ablate.files import atomic

log = logging.getLogger(__name__)
FILE = "val_predictions.npz"


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
