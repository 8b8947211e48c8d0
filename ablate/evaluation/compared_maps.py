"""Class activation maps of two runs of a study, on validation images where their predictions differ."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ablate.evaluation.test_set import check
from ablate.runs import activation_maps, predictions
from ablate.runs.activation_maps import MOST, SIDE, ActivationMaps, MappedImage
from ablate.runs.study_plan import BASELINE

if TYPE_CHECKING:
    from torch import Tensor

    from ablate.data.images import Images
    from ablate.evaluation.activation_maps import Maps
    from ablate.evaluation.trained_model import Trained

Pair = tuple[Path, Path]
NONE = "No class activation maps:"


def write_maps(study: Path, folders: Pair, trusted: bool, device: str, data_root: str | None = None) -> str:
    """Compute the maps of two completed runs and write them to the folder of their study.

    The images are validation images, so that they are no look at the test set.

    Args:
        study: its folder.
        folders: of the runs, that of the baseline first.
        trusted: allow code outside this package that the configurations name.
        device: as `trainer.device`.
        data_root: image folder, if it has moved since the runs.

    Returns:
        Why there are no maps, a sentence; empty if they were written.

    Raises:
        InputError: the networks or the images cannot be loaded.
    """
    import torch

    from ablate.data.images import shrunk
    from ablate.evaluation import other_test
    from ablate.evaluation.activation_maps import enlarged, grad_cam, most_different

    activation_maps.delete(study)
    baseline, variant = runs = other_test.load(folders, trusted, device, data_root)
    stored = [_stored(folder) for folder in folders]
    if stored[0] is None or stored[1] is None or not np.array_equal(stored[0].positions, stored[1].positions):
        return f"{NONE} the runs have no predictions for the same validation images."
    if baseline.record.data_sha256 != variant.record.data_sha256:
        return f"{NONE} the baseline and the variant have different images."
    images = _validation(baseline, stored[0].positions)
    if images is None:
        return f"{NONE} the images have changed since the runs."
    check(baseline, images)
    logits = [torch.from_numpy(one.logits) for one in stored if one is not None]
    index = most_different(logits[0], logits[1], images.labels, MOST)
    if not len(index):
        return f"{NONE} no validation image is classified correctly by only one of the two networks."
    predicted = [Predictions(*values[index].double().softmax(1).max(1)) for values in logits]
    maps = [
        grad_cam(run.model, run.pixels(images.images[index]), one.classes)
        for run, one in zip(runs, predicted, strict=True)
    ]
    if not any(maps):
        return f"{NONE} neither network has a layer with a spatial output."
    small = shrunk(images.images[index], SIDE)
    shape = (len(index), small.shape[2], small.shape[3])
    drawn = [enlarged(one.values, shape[1]) if one else torch.zeros(shape, dtype=torch.uint8) for one in maps]
    record = ActivationMaps(
        variants=(_variant(baseline), _variant(variant)),
        seeds=(baseline.record.seed or 0, variant.record.seed or 0),
        folders=(_below(study, folders[0]), _below(study, folders[1])),
        layers=(_layer(maps[0]), _layer(maps[1])),
        config_sha256=(baseline.record.config_sha256, variant.record.config_sha256),
        weights_sha256=(baseline.sha256, variant.sha256),
        data_sha256=baseline.record.data_sha256,
        classes=list(images.classes),
        images=_rows(stored[0].positions[index.numpy()], images.labels[index], *predicted),
    )
    activation_maps.write(study, record, small.numpy(), torch.stack(drawn).numpy())
    return ""


class Stored(NamedTuple):
    """Stored predictions: positions of the images, int64 (N,), their labels (N,), and logits, float32 (N, classes)."""

    positions: np.ndarray
    labels: np.ndarray
    logits: np.ndarray


def _stored(folder: Path) -> Stored | None:
    """The stored predictions of a run; None if they are missing, damaged, or without positions."""
    try:
        positions = predictions.read(folder).positions
        return None if positions is None else Stored(positions, *predictions.logits(folder))
    except Exception:  # numpy and zipfile raise many types of exception on a damaged file
        return None


def _validation(run: "Trained", positions: np.ndarray) -> "Images | None":
    """The validation images at positions of the source; None if the source has changed since the run."""
    from ablate.data.prepare import prepare

    data = prepare(run.config.data)
    order = np.argsort(data.val_index)
    place = np.searchsorted(data.val_index, positions, sorter=order).clip(max=len(order) - 1)
    found = order[place]
    same = np.array_equal(data.val_index[found], positions)
    return data.val.subset(found) if same and data.sha256 == run.record.data_sha256 else None


class Predictions(NamedTuple):
    """The confidence, float64 (N,), and the class, int64 (N,), of predictions."""

    confidence: "Tensor"
    classes: "Tensor"


def _rows(positions: np.ndarray, labels: "Tensor", baseline: Predictions, variant: Predictions) -> list[MappedImage]:
    """The record of each image."""
    columns = (positions, labels, baseline.classes, variant.classes, baseline.confidence, variant.confidence)
    return [
        MappedImage(index=place, label=label, predicted=(one, other), confidence=(sure, other_sure))
        for place, label, one, other, sure, other_sure in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _variant(run: "Trained") -> str:
    return run.record.variant or BASELINE


def _below(study: Path, folder: Path) -> str:
    return folder.resolve().relative_to(study.resolve()).as_posix()


def _layer(maps: "Maps | None") -> str:
    return maps.layer if maps else ""
