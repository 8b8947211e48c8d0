"""The teacher of `loss=distillation` against the run that learns from it, before any image is loaded."""

from functools import cache
from typing import Any, NamedTuple

from omegaconf import DictConfig

from ablate.config import weights
from ablate.data.image_shape import ImageShape, image_shape
from ablate.evaluation import trained_model
from ablate.runs.config_defaults import with_defaults
from ablate.runs.read_config import read_config
from ablate.terminal.errors import InputError

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
