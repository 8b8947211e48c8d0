"""The first images of a run's first batch, augmented; saved as `samples.npz`."""

import io

import numpy as np

from ablate.augmentation import Augmentation
from ablate.config.schema import Trainer
from ablate.data.batches import Resident, batches
from ablate.data.streamed import select
from ablate.runs.samples import COUNT
from ablate.training.draws import drawn


def samples(augment: Augmentation, data: Resident, trainer: Trainer, seed: int) -> bytes:
    """Return the content of samples.npz: the array `images` of `first_images`."""
    images, _ = first_images(augment, data, trainer, seed)
    np.savez_compressed(content := io.BytesIO(), images=images)
    return content.getvalue()


def first_images(augment: Augmentation, data: Resident, trainer: Trainer, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Augment the first images of the first batch.

    Args:
        augment: the augmentation.
        data: the training images.
        trainer: its sampler and batch size are read.
        seed: seed of the run.

    Returns:
        Images before scaling, uint8 (n, C, H, W), and their targets, float32 (n, classes), with n up to `COUNT`.
    """
    order, draws = drawn(augment, data, trainer.sampler, epoch=1, seed=seed)
    index = batches(order, trainer.batch_size)[0]  # the whole batch, since mixing steps combine its images
    images, targets = augment(
        select(data.images, index), data.targets[data.labels[index]], [numbers[: len(index)] for numbers in draws]
    )
    return images[:COUNT].round().byte().cpu().numpy(), targets[:COUNT].cpu().numpy()
