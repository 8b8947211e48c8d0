"""Grids of sample images: some of each class, and the same images under each augmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ablate.augmentation import Augmentation
from ablate.backend import seeding
from ablate.data.batches import resident
from ablate.data.images import Images, shrunk
from ablate.data.prepare import Prepared
from ablate.terminal.text import printable
from ablate.training.first_batch import first_images

COLUMNS = 8  # images per row
MAX_CLASS_ROWS = 20  # with more classes, each class has one image instead of a row
MAX_CLASSES = 200  # classes that are shown
SIDE = 160  # pixels; a figure prints an image less than an inch wide


@dataclass(frozen=True)
class Grid:
    """Rows of images.

    rows    {row label: images uint8 (n, C, H, W)}, n at most `COLUMNS`
    titles  {row label: titles above the images of that row}; rows without titles are absent
    """

    rows: dict[str, np.ndarray] = field(default_factory=dict)
    titles: dict[str, list[str]] = field(default_factory=dict)


def sample_images(images: Images, seed: int) -> dict[str, Tensor]:
    """Draw up to `COLUMNS` random images of each class: {class name: uint8 (n, C, H, W)}."""
    order = seeding.stream(seed, "pictures").permutation(len(images))
    labels = images.labels.numpy()[order]
    return {
        name: images.images[order[labels == label][:COLUMNS]] for label, name in enumerate(images.classes[:MAX_CLASSES])
    }


def class_grid(samples: Mapping[str, Tensor]) -> Grid:
    """One row per class; with more than `MAX_CLASS_ROWS` classes, one image per class under its name."""
    if len(samples) <= MAX_CLASS_ROWS:
        return Grid({printable(name): shrunk(images, SIDE).numpy() for name, images in samples.items()})
    grid, names = Grid(), list(samples)
    for start in range(0, len(names), COLUMNS):
        row_names = names[start : start + COLUMNS]
        label = f"{start + 1} to {start + len(row_names)}"
        grid.rows[label] = shrunk(torch.stack([samples[name][0] for name in row_names]), SIDE).numpy()
        grid.titles[label] = [printable(name) for name in row_names]
    return grid


def augmentation_grid(config: DictConfig, augmentations: Mapping[str, DictConfig], data: Prepared) -> Grid:
    """The first training images of the run, without augmentation and under each option of `augmentation`.

    The random draws are those of the run. Titles are the classes of the images, and the mixed labels in the rows of
    augmentations that change labels.
    """
    training_images = resident(data, torch.device("cpu"))
    grid, original_targets = Grid(), None
    for label, steps in labeled_augmentations(config.augmentation, augmentations).items():
        augment = Augmentation({str(name): instantiate(step) for name, step in steps.items()})
        images, targets = first_images(augment, training_images, config.trainer, config.seed)
        grid.rows[label] = shrunk(torch.from_numpy(images[:COLUMNS]), SIDE).numpy()
        if original_targets is None:
            original_targets = targets
        elif (targets == original_targets).all():
            continue
        grid.titles[label] = [target_title(target, data.classes) for target in targets[:COLUMNS]]
    return grid


def labeled_augmentations(chosen: DictConfig, options: Mapping[str, DictConfig]) -> dict[str, DictConfig]:
    """Augmentations by row label: none, then the chosen one if it is not an option, then each option."""
    equal = [name for name, steps in options.items() if list(steps.items()) == list(chosen.items())]
    augmentations = {"none": OmegaConf.create({})}
    if not equal:
        augmentations[f"{', '.join(map(str, chosen))} (chosen)"] = chosen
    augmentations |= {f"{name} (chosen)" if name in equal else name: steps for name, steps in options.items() if steps}
    return augmentations


def target_title(target: np.ndarray, classes: Sequence[str]) -> str:
    r"""Format a target (classes,): its class, or one line per class of a mixed target: `70 % cat\n30 % dog`."""
    parts = [index for index in target.argsort()[::-1] if target[index] >= 0.005]
    if len(parts) == 1:
        return printable(classes[parts[0]])
    return "\n".join(f"{100 * target[index]:.0f} % {printable(classes[index])}" for index in parts)
