"""Which images are shown: some of each class, and the same ones under each augmentation."""

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

ACROSS = 8  # pictures in a row
ROWS = 20  # classes up to which each has a row of pictures; of more, each has one picture
PICTURED = 200  # classes that have a picture
SIDE = 160  # pixels of a picture, which a figure prints less than an inch wide


@dataclass(frozen=True)
class Grid:
    """Rows of images uint8 (n, C, H, W), n at most `ACROSS`, by their label; and what stands above those of a row."""

    rows: dict[str, np.ndarray] = field(default_factory=dict)
    titles: dict[str, list[str]] = field(default_factory=dict)


def drawn(images: Images, seed: int) -> dict[str, Tensor]:
    """Some images of each class, uint8 (n, C, H, W), by the name of the class; another seed draws others."""
    order = seeding.stream(seed, "pictures").permutation(len(images))
    labels = images.labels.numpy()[order]
    return {
        name: images.images[order[labels == label][:ACROSS]] for label, name in enumerate(images.classes[:PICTURED])
    }


def by_class(pictured: Mapping[str, Tensor]) -> Grid:
    """A row for each class; if they are many, a picture each, with its name above."""
    if len(pictured) <= ROWS:
        return Grid({printable(name): shrunk(images, SIDE).numpy() for name, images in pictured.items()})
    grid, names = Grid(), list(pictured)
    for start in range(0, len(names), ACROSS):
        some = names[start : start + ACROSS]
        label = f"{start + 1} to {start + len(some)}"
        grid.rows[label] = shrunk(torch.stack([pictured[name][0] for name in some]), SIDE).numpy()
        grid.titles[label] = [printable(name) for name in some]
    return grid


def augmented(config: DictConfig, augmentations: Mapping[str, DictConfig], data: Prepared) -> Grid:
    """The first images of the run's first epoch, as they are and under each augmentation, as the run would draw them.

    Above the first row stand their classes; above one that mixes images, the shares of the classes in their targets.
    """
    whole = resident(data, torch.device("cpu"))
    grid, plain = Grid(), None
    for label, steps in labelled(config.augmentation, augmentations).items():
        augment = Augmentation({str(name): instantiate(step) for name, step in steps.items()})
        images, targets = first_images(augment, whole, config.trainer.batch_size, config.seed)
        grid.rows[label] = shrunk(torch.from_numpy(images[:ACROSS]), SIDE).numpy()
        if plain is None or (targets != plain).any():
            grid.titles[label] = [shares(target, data.classes) for target in targets[:ACROSS]]
        plain = targets if plain is None else plain
    return grid


def labelled(chosen: DictConfig, augmentations: Mapping[str, DictConfig]) -> dict[str, DictConfig]:
    """What to show by its label: nothing done, the steps that are chosen if they are no option's, and each option."""
    same = [name for name, steps in augmentations.items() if list(steps.items()) == list(chosen.items())]
    found = {"none": OmegaConf.create({})}
    if not same:
        found[f"{', '.join(map(str, chosen))} (chosen)"] = chosen
    found |= {f"{name} (chosen)" if name in same else name: steps for name, steps in augmentations.items() if steps}
    return found


def shares(target: np.ndarray, classes: Sequence[str]) -> str:
    """The class of a target (classes,), or those that are mixed in it, a line each: `70 % cat`, `30 % dog`."""
    parts = [index for index in target.argsort()[::-1] if target[index] >= 0.005]
    if len(parts) == 1:
        return printable(classes[parts[0]])
    return "\n".join(f"{100 * target[index]:.0f} % {printable(classes[index])}" for index in parts)
