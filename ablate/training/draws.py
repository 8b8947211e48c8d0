"""The random numbers of an epoch: the order of the images, and their augmentation."""

import numpy as np
import torch
from torch import Tensor

from ablate.augmentation import Augmentation
from ablate.backend import seeding
from ablate.data.batches import Resident
from ablate.training.sampler import SAMPLERS


def drawn(augment: Augmentation, data: Resident, sampler: str, epoch: int, seed: int) -> tuple[Tensor, list[Tensor]]:
    """Draw the order of the images in an epoch, and the random numbers of their augmentation, in this order.

    They are drawn for all images of the source, so that those of an image do not depend on the training subset.
    Further ones are drawn for the repetitions of an image in an epoch.

    Args:
        augment: the augmentation.
        data: the training images.
        sampler: `trainer.sampler`.
        epoch: counted from 1.
        seed: of the run.

    Returns:
        Positions of the images, int64 (N,), and for each step of the augmentation its numbers, (N, k).
    """
    device = data.images.device
    ranks = seeding.stream(seed, "order", epoch).random(data.source)[data.index]
    order = SAMPLERS[sampler](ranks, data.labels, seeding.stream(seed, "sampler", epoch))
    repeated = np.ones(len(order), bool)
    repeated[np.unique(order, return_index=True)[1]] = False
    rows = data.index[order]
    rows[repeated] = data.source + np.arange(repeated.sum())
    draws = augment.draw(
        data.source + int(repeated.sum()), lambda step: seeding.stream(seed, "augmentation", step, epoch)
    )
    return torch.from_numpy(order).to(device), [torch.from_numpy(numbers[rows]).to(device) for numbers in draws]
