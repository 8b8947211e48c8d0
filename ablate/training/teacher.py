"""The teacher of `loss=distillation`: a finished run, from whose logits the network learns."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ablate.data.prepare import Inputs
from ablate.evaluation import trained_model
from ablate.loss import Distillation
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

Teacher = Callable[[Tensor], tuple[Tensor, ...]]


def teacher_of(criterion: nn.Module, inputs: Inputs, device: torch.device) -> Teacher:
    """Return a function from augmented images (B, C, H, W) to the teacher's logits (B, classes), as the only element.

    For a loss without a teacher it returns an empty tuple.

    Args:
        criterion: the loss.
        inputs: classes and image format of the run.
        device: where to train.

    Raises:
        InputError: the teacher is not a completed run, its configuration names code outside this package, or it was
            trained on other classes or images of another size.
    """
    if not isinstance(criterion, Distillation):
        return lambda images: ()
    trained = trained_model.load(Path(criterion.teacher), device=device.type)
    check(criterion.teacher, trained.inputs, inputs)

    def teacher(images: Tensor) -> tuple[Tensor, ...]:
        with torch.no_grad():
            return (trained.model(trained.pixels(images)).float(),)

    return teacher


def check(folder: str, its: Inputs, ours: Inputs) -> None:
    """Raise InputError unless the teacher has the classes and the image format of the run."""
    if its.classes != ours.classes:
        raise InputError(
            f"loss.teacher={folder} was trained on other classes ({first_few(its.classes, 3)}) than this run"
            f" ({first_few(ours.classes, 3)}). Use a teacher trained on the same data set."
        )
    (theirs, wanted) = (f"{one.channels}x{one.image_size}x{one.image_size}" for one in (its, ours))
    if theirs != wanted:
        raise InputError(
            f"loss.teacher={folder} was trained on images of {theirs}, this run has images of {wanted}. Use a teacher"
            " trained on images of the same size."
        )
