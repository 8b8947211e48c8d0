"""The teacher of `loss=distillation` against the run that learns from it: its images, and those that both have."""

import logging
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from omegaconf import DictConfig, OmegaConf

from ablate.config import weights
from ablate.config.flatten import flat
from ablate.data.image_shape import ImageShape, image_shape
from ablate.evaluation import trained_model
from ablate.runs import predictions, run_record
from ablate.runs.config_defaults import with_defaults
from ablate.runs.read_config import read_config
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    from ablate.data.prepare import Prepared

log = logging.getLogger(__name__)
SPLIT = ("split_seed", "val_fraction", "group")  # keys of `data` that determine the validation images
TARGET = "ablate.loss.Distillation"
KEY = "loss.teacher"


class Seen(NamedTuple):
    """The images that a network is trained on: their shape, and how files are resized; None where unknown."""

    shape: ImageShape | None
    resizing: str | None

    def __str__(self) -> str:
        size = "x".join(map(str, (self.shape.channels, *2 * [self.shape.image_size]))) if self.shape else "unknown size"
        return f"{size} with {self.resizing}" if self.resizing else size


def check_teacher(config: DictConfig) -> None:
    """Raise InputError unless the teacher of a run, if any, is a completed run on images of the same format."""
    if config.loss.get("_target_") != TARGET:
        return
    teacher = config.loss.teacher
    content = weights.hashes({"loss": {"_target_": TARGET, "teacher": teacher}})
    its, ours = _seen_by(teacher, content[KEY]), Seen(image_shape(config.data), _resizing(config.data))
    if any(None not in pair and pair[0] != pair[1] for pair in zip(its, ours, strict=True)):
        raise InputError(
            f"{KEY}={teacher} was trained on images of {its}, but this run has images of {ours}. Use a teacher trained"
            " on images of the same format."
        )
    if differing := _other_split(teacher, content[KEY], OmegaConf.to_yaml(config.data, resolve=True)):
        _warn(
            f"{KEY}={teacher} was trained with another split of the same images ({differing}): it has seen validation"
            " images of this run, whose accuracy is then too high."
        )


def seen_by_teacher(config: DictConfig, data: "Prepared") -> int | None:
    """The number of a run's validation images that its teacher was trained on; None: no teacher, or it is not known."""
    if config.loss.get("_target_") != TARGET:
        return None
    folder = weights.place(config.loss.teacher)
    limited = with_defaults(read_config(folder)).data.get("train_limit") is not None
    if limited or run_record.read(folder).data_sha256 != data.sha256:
        return None
    try:
        held_out = predictions.positions(folder)
    except Exception:  # missing or damaged, for which numpy and zipfile raise many kinds
        return None
    return None if held_out is None else len(np.setdiff1d(data.val_index, held_out))


@cache
def _other_split(teacher: str, sha256: str, data: str) -> str:
    """How the split of a teacher differs from that of a run with these `data` settings; empty if it does not.

    Also if it cannot matter or is unknown: other images, a fixed split, or a teacher trained on a part of its images.
    """
    folder = weights.place(teacher)
    images = run_record.read(folder).images
    its = flat(with_defaults(read_config(folder)).data)
    ours: dict[str, Any] = flat(DictConfig(OmegaConf.create(data)))
    not_of_images = (*SPLIT, "train_limit", "mean", "std")
    same = all(its.get(key) == ours.get(key) for key in {*its, *ours} if key not in not_of_images)
    if not same or images is None or images.split == "fixed" or its.get("train_limit") is not None:
        return ""
    pairs = [(key, its.get(key), ours.get(key)) for key in SPLIT if its.get(key) != ours.get(key)]
    return ", ".join(f"data.{key} {one} instead of {other}" for key, one, other in pairs)


@cache  # once for all runs of a study
def _warn(sentence: str) -> None:
    log.warning("%s", sentence)


@cache
def _seen_by(teacher: str, sha256: str) -> Seen:
    """The images that the teacher with these weights was trained on; read once for all runs of a study."""
    folder = weights.place(teacher)
    record = trained_model.completed(folder)
    shape = ImageShape(record.inputs.channels, record.inputs.image_size) if record.inputs else None
    return Seen(shape, _resizing(with_defaults(read_config(folder)).data))


def _resizing(data: Any) -> str | None:
    """How the `data` group resizes images; None for a data set of one size."""
    resize = data.get("resize")
    crop = f" data.crop_fraction={data.crop_fraction:g}" if resize == "shorter" else ""
    return f"data.resize={resize}{crop}" if resize else None
