"""The loss of a run, with the weights of its classes (`loss.class_weights`)."""

from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ablate.data.images import Images
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural


def build_loss(settings: DictConfig, train: Images, device: torch.device) -> Any:
    """Build the loss of a configuration. Class weights, unless null, are passed as `class_weights` computes them.

    Args:
        settings: the `loss` group.
        train: the training images.
        device: of the weights.
    """
    if (setting := settings.get("class_weights")) is None:
        return loss_with(settings, None)
    return loss_with(settings, class_weights(setting, train.labels, train.classes).to(device))


def loss_with(settings: DictConfig, weights: Tensor | None) -> Any:
    """Build the loss of a configuration with the weights of the classes, float32 (classes,)."""
    own = OmegaConf.masked_copy(settings, [str(key) for key in settings if key != "class_weights"])
    build = instantiate(own, _partial_=True)
    return build() if weights is None else build(class_weights=weights)


def class_weights(setting: Any, labels: Tensor, classes: tuple[str, ...]) -> Tensor:
    """Return the weight of each class, float32 (classes,).

    Args:
        setting: one number per class; or `balanced`, for n / (classes * images of the class) with n images, as in
            scikit-learn's `compute_class_weight`, where n and `classes` count those that have images.
        labels: of the training images, int64 (n,).
        classes: names of the classes.

    Raises:
        InputError: there is not one number per class.
    """
    if setting == "balanced":
        counts = torch.bincount(labels, minlength=len(classes)).double()
        weights = len(labels) / ((counts > 0).sum() * counts)
        return torch.where(counts > 0, weights, 0.0).float()
    if len(setting) != len(classes):
        raise InputError(
            f"loss.class_weights has {plural(len(setting), 'weight')}, but the data has {len(classes)} classes"
            f" ({first_few(classes)}). Pass one per class, in this order."
        )
    return torch.tensor(list(setting), dtype=torch.float32)
