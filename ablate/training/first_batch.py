"""A look at what a run trains on: the first images of its first batch, augmented, as `samples.npz`."""

import io

import numpy as np

from ablate.augmentation import Augmentation
from ablate.data.batches import Resident, batches
from ablate.training.loop import drawn

COUNT = 16


def samples(augment: Augmentation, data: Resident, batch_size: int, seed: int) -> bytes:
    """The content of samples.npz: the `images` that are `seen`."""
    images, _ = seen(augment, data, batch_size, seed)
    np.savez_compressed(content := io.BytesIO(), images=images)
    return content.getvalue()


def seen(augment: Augmentation, data: Resident, batch_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (n, C, H, W) after augmentation, before scaling, and their targets float32 (n, classes)."""
    order, draws = drawn(augment, data, epoch=1, seed=seed)
    index = batches(order, batch_size)[0]  # a whole batch: mixing steps take from its other images
    images, targets = augment(data.images[index], data.targets[index], [numbers[index] for numbers in draws])
    return images[:COUNT].round().byte().cpu().numpy(), targets[:COUNT].cpu().numpy()
