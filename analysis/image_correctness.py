"""Which validation images each run got right, from its `val_predictions.npz`."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats
from ablate.files import bounded
from ablate.runs import run_record
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track

log = logging.getLogger(__name__)
LARGEST = bounded.GIB  # bytes: ten times those of ImageNet's validation images


@dataclass(frozen=True, eq=False)
class Predictions:
    """The study's validation images, and what each completed run took them for."""

    labels: np.ndarray  # the class of each image, int64 (N,)
    classes: tuple[str, ...]
    predicted: dict[tuple[str, int], np.ndarray]  # (variant, seed) -> int64 (N,)

    def correct(self, variant: str) -> dict[int, np.ndarray]:
        """Seed -> booleans (N,)."""
        return {seed: found == self.labels for (name, seed), found in self.predicted.items() if name == variant}

    def of_classes(self, variant: str) -> np.ndarray:
        """Share of each class's images that is right, (seeds, classes)."""
        right = [np.bincount(self.labels[c], minlength=len(self.classes)) for c in self.correct(variant).values()]
        return np.array(right).reshape(-1, len(self.classes)) / np.bincount(self.labels, minlength=len(self.classes))

    def confusion(self, variant: str) -> np.ndarray:
        """Share of a class's images (row) taken for each class (column), the mean over seeds; a row sums to 1."""
        k = len(self.classes)
        runs = [found for (name, _), found in self.predicted.items() if name == variant]
        pairs = [np.bincount(k * self.labels + found, minlength=k * k) for found in runs]
        counts: np.ndarray = np.sum(pairs, axis=0).reshape(k, k)
        shares: np.ndarray = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        return shares


def load(study_folder: Path, runs: pd.DataFrame) -> Predictions | None:
    """The predictions of the completed runs that were validated on the same images as the first; None without any.

    A file that is missing or damaged is left out, as is a run on other images.
    """
    labels, classes, predicted = None, 0, {}
    completed = runs[runs["status"] == "completed"]
    for run in track(completed.itertuples(index=False), "Reading predictions", len(completed), patience=1.0):
        found = _read(Path(study_folder) / run.folder / "val_predictions.npz")
        if found is None:
            continue
        if labels is None:
            labels, classes = found["label"], found["logits"].shape[1]
        if np.array_equal(labels, found["label"]) and found["logits"].shape[1] == classes:
            predicted[run.variant, run.seed] = found["logits"].argmax(1)
    if labels is None:
        return None
    return Predictions(labels, _classes(Path(study_folder) / completed["folder"].iloc[0], classes), predicted)


def _read(path: Path) -> dict[str, np.ndarray] | None:
    try:
        found = bounded.arrays(path, ("label", "logits"), LARGEST)
    except InputError as error:
        log.warning("%s", error)
        return None
    except Exception:  # numpy and zipfile raise many kinds on a damaged file
        return None
    return found if _whole(found["label"], found["logits"]) else None


def _whole(label: np.ndarray, logits: np.ndarray) -> bool:
    """True for a class, counted from 0, and a row of numbers for each image."""
    kinds = label.dtype.kind in "iu" and logits.dtype.kind == "f"
    shapes = label.ndim == 1 and logits.ndim == 2 and len(label) == len(logits) > 0
    return bool(kinds and shapes and label.min() >= 0 and label.max() < logits.shape[1])


def _classes(folder: Path, count: int) -> tuple[str, ...]:
    """The names in a run's record; numbers if it has none."""
    try:
        names = run_record.read(folder).classes
    except InputError:
        names = None
    return tuple(names) if names and len(names) == count else tuple(map(str, range(count)))


def class_differences(predictions: Predictions, variants: list[str]) -> pd.DataFrame:
    """Percentage points by which a variant differs from the baseline on each class, the mean over shared seeds.

    One row a variant, one column a class, the baseline's own accuracy (per cent) in the first row.
    """
    rows = {collect.BASELINE: 100 * predictions.of_classes(collect.BASELINE).mean(0)}
    base = dict(zip(predictions.correct(collect.BASELINE), predictions.of_classes(collect.BASELINE), strict=True))
    for variant in variants:
        own = dict(zip(predictions.correct(variant), predictions.of_classes(variant), strict=True))
        shared = [own[seed] - base[seed] for seed in own if seed in base]
        if shared:
            rows[variant] = 100 * np.mean(shared, axis=0)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(predictions.classes))


def crossed(predictions: Predictions, variant: str, confidence: float = 0.95) -> stats.CrossedInterval | None:
    """The variant's difference over seeds and images; None without two seeds that the baseline has too."""
    own, base = predictions.correct(variant), predictions.correct(collect.BASELINE)
    shared = [seed for seed in own if seed in base]
    if len(shared) < 2:
        return None
    return stats.crossed_interval([own[s] for s in shared], [base[s] for s in shared], confidence)
