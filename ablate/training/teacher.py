"""The teacher of `loss=distillation`: a finished run, from whose logits the network learns."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ablate.config.weights import place
from ablate.data.prepare import Inputs
from ablate.evaluation import trained_model
from ablate.loss import Distillation
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

Teacher = Callable[[Tensor], tuple[Tensor, ...]]


def teacher_of(criterion: nn.Module, inputs: Inputs, device: torch.device) -> Teacher:
    """Return a function from augmented images (B, C, H, W) to the teacher's logits (B, classes), as the only element.

    The images are scaled with the mean and standard deviation of the teacher, and its logits are in the order of the
    run's classes. For a loss without a teacher the function returns an empty tuple.

    Args:
        criterion: the loss.
        inputs: classes and image format of the run.
        device: where to train.

    Raises:
        InputError: the teacher is not a completed run, its configuration names code outside this package, or it was
            trained on other classes.
    """
    if not isinstance(criterion, Distillation):
        return lambda images: ()
    trained = trained_model.load(place(criterion.teacher), device=device.type)
    order = class_order(criterion.teacher, trained.inputs.classes, inputs.classes).to(device)

    def teacher(images: Tensor) -> tuple[Tensor, ...]:
        with torch.no_grad():
            return (trained.model(trained.pixels(images)).float()[:, order],)

    return teacher


def class_order(folder: str, its: Sequence[str], ours: Sequence[str]) -> Tensor:
    """Position of each class of the run among those of the teacher, int64 (classes,).

    Raises:
        InputError: the teacher was trained on other classes.
    """
    if sorted(its) != sorted(ours):
        raise InputError(
            f"loss.teacher={folder} was trained on other classes ({first_few(its, 3)}) than this run"
            f" ({first_few(ours, 3)}). Use a teacher trained on the same classes."
        )
    return torch.tensor([list(its).index(name) for name in ours])
