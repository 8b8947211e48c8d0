"""A part of a test set, and the format of images that networks take."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from omegaconf import DictConfig, OmegaConf

from ablate.data.images import Images
from ablate.files.bounded import GIB
from ablate.terminal.errors import InputError

MEMORY_LIMIT = 4.0  # GiB, of runs on another source than image files
CHUNK = 2**22  # bytes of pixels that are corrupted or resized at a time, in float64 eight times as many


@dataclass(frozen=True)
class Format:
    """What networks take.

    Attributes:
        classes: names of the classes.
        channels: of an image.
        image_size: height and width, in pixels.
        data: the group `data` of the runs' configuration, as YAML.
    """

    classes: tuple[str, ...]
    channels: int
    image_size: int
    data: str

    @property
    def settings(self) -> DictConfig:
        """The group `data`."""
        settings = OmegaConf.create(self.data)
        assert isinstance(settings, DictConfig)
        return settings


@dataclass(frozen=True)
class Condition:
    """A part of a test set, such as a corruption of one severity.

    Attributes:
        name: of the corruption or the folder; empty if the test set has one part.
        severity: 1 to 5; None if it has none.
        load: reads the images in the format that networks take.
    """

    name: str
    severity: int | None
    load: Callable[[Format], Images]


def check_memory(what: str, size: int, wanted: Format) -> None:
    """Raise InputError for images of `size` bytes that take more memory than images of the runs may."""
    limit = wanted.settings.get("memory_limit", MEMORY_LIMIT)
    if size > limit * GIB:
        raise InputError(
            f"{what} would take {size / GIB:.1f} GiB of memory, more than the runs' data.memory_limit of {limit:g}."
            " Use fewer images."
        )


def chunks(images: int, size: int) -> Iterator[slice]:
    """Split so many images, of `size` bytes each, into chunks of about `CHUNK` bytes."""
    step = max(1, CHUNK // size)
    return (slice(first, first + step) for first in range(0, images, step))


def gray(pixels: np.ndarray) -> np.ndarray:
    """RGB images uint8 (N, 3, H, W) in gray, uint8 (N, 1, H, W), with Pillow's weights."""
    red, green, blue = (pixels[:, channel : channel + 1].astype(np.uint32) for channel in range(3))
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)
