"""Which validation images each run classified correctly, from its `val_predictions.npz`.

Where the epoch was selected on half of the images, only the other half, which the metrics are of, is read.
"""

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ablate.analysis import collect, stats
from ablate.runs import run_record
from ablate.runs.predictions import FILE, Predicted
from ablate.runs.predictions import read as read_predictions
from ablate.terminal.errors import InputError
from ablate.terminal.progress import track

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Predictions:
    """True and predicted classes of a study's N validation images.

    Attributes:
        labels: True class of each image, int64 (N,).
        classes: Names of the classes.
        predicted: {(variant, seed): predicted class of each image, unsigned integers (N,)} of the completed runs.
    """

    labels: np.ndarray
    classes: tuple[str, ...]
    predicted: dict[tuple[str, int], np.ndarray]

    @cached_property
    def _by_variant(self) -> dict[str, dict[int, np.ndarray]]:
        """{variant: {seed: predicted classes}}."""
        by_variant: dict[str, dict[int, np.ndarray]] = {}
        for (variant, seed), classes in self.predicted.items():
            by_variant.setdefault(variant, {})[seed] = classes
        return by_variant

    def correct(self, variant: str) -> dict[int, np.ndarray]:
        """{seed: whether each image is classified correctly, bool (N,)} of a variant."""
        return {seed: classes == self.labels for seed, classes in self._by_variant.get(variant, {}).items()}

    def class_accuracy(self, variant: str) -> np.ndarray:
        """Accuracy of a variant on each class, (seeds, classes), as fractions; NaN for a class without images."""
        k = len(self.classes)
        correct = [np.bincount(self.labels[mask], minlength=k) for mask in self.correct(variant).values()]
        with np.errstate(invalid="ignore"):  # 0 of 0
            return np.array(correct).reshape(-1, k) / np.bincount(self.labels, minlength=k)

    def confusion(self, variant: str) -> np.ndarray:
        """Confusion matrix (classes, classes) of a variant, pooled over its seeds.

        Rows are true classes, columns predicted ones. A row holds fractions that sum to 1.
        """
        k = len(self.classes)
        runs = self._by_variant.get(variant, {}).values()
        pairs = [np.bincount(k * self.labels + classes, minlength=k * k) for classes in runs]
        counts: np.ndarray = np.sum(pairs, axis=0).reshape(k, k)
        shares: np.ndarray = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        return shares


def load(study_folder: Path, runs: pd.DataFrame) -> Predictions | None:
    """Load the predictions of the completed runs.

    Skips files that are missing or damaged, and runs whose validation images differ from those of the first run.

    Args:
        study_folder: The study.
        runs: The frame of `collect.collect`.

    Returns:
        The predictions; None if no run has any, or if the seeds of a variant have different validation images.
    """
    labels, class_count, predicted, index_of = None, 0, {}, dict[str, np.ndarray | None]()
    completed = runs[runs["status"] == "completed"]
    for run in track(completed.itertuples(index=False), "Reading predictions", len(completed), patience=1.0):
        stored = _read(Path(study_folder) / run.folder)
        if stored is None:
            continue
        if labels is None:
            labels, class_count = stored.labels, stored.classes
        index = index_of.setdefault(run.variant, stored.positions)
        if index is not None and stored.positions is not None and not np.array_equal(index, stored.positions):
            return None  # each seed has another split
        if np.array_equal(labels, stored.labels) and stored.classes == class_count:
            predicted[run.variant, run.seed] = stored.predicted.astype(np.min_scalar_type(class_count))
    if labels is None:
        return None
    names = _class_names(Path(study_folder) / completed["folder"].iloc[0], class_count)
    return Predictions(labels, names, predicted)


def _read(folder: Path) -> Predicted | None:
    """The predictions of a run; None if they are missing or damaged."""
    if not (folder / FILE).exists():
        return None
    try:
        return read_predictions(folder)
    except InputError as error:
        log.warning("%s", error)
        return None
    except Exception:  # numpy and zipfile raise many types of exception on a damaged file
        return None


def _class_names(folder: Path, count: int) -> tuple[str, ...]:
    """The class names in a run's record; their indices if it has none."""
    try:
        names = run_record.read(folder).classes
    except InputError:
        names = None
    return tuple(names) if names and len(names) == count else tuple(map(str, range(count)))


def class_differences(predictions: Predictions, variants: list[str]) -> pd.DataFrame:
    """Compare the per-class accuracy of variants with the baseline's, paired by seed.

    Args:
        predictions: The predictions of the study.
        variants: The variants to compare; one that shares no seed with the baseline has no row.

    Returns:
        A frame with one column per class. The first row is the accuracy of the baseline (%), each other row the mean
        difference of a variant from it (percentage points).
    """
    rows = {collect.BASELINE: 100 * predictions.class_accuracy(collect.BASELINE).mean(0)}
    baseline = _accuracy_by_seed(predictions, collect.BASELINE)
    for variant in variants:
        accuracy = _accuracy_by_seed(predictions, variant)
        differences = [accuracy[seed] - baseline[seed] for seed in accuracy if seed in baseline]
        if differences:
            rows[variant] = 100 * np.mean(differences, axis=0)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(predictions.classes))


def _accuracy_by_seed(predictions: Predictions, variant: str) -> dict[int, np.ndarray]:
    """{seed: accuracy on each class, (classes,)} of a variant."""
    return dict(zip(predictions.correct(variant), predictions.class_accuracy(variant), strict=True))


def crossed(predictions: Predictions, variant: str, confidence: float = 0.95) -> stats.CrossedInterval | None:
    """Confidence interval of a variant's difference from the baseline, with seeds and images as random effects.

    None if the variant shares fewer than two seeds with the baseline.
    """
    correct, baseline = predictions.correct(variant), predictions.correct(collect.BASELINE)
    shared = [seed for seed in correct if seed in baseline]
    if len(shared) < 2:
        return None
    return stats.crossed_interval([correct[s] for s in shared], [baseline[s] for s in shared], confidence)
