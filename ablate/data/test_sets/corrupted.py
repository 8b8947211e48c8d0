"""Corruptions of a test set."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import torch

from ablate.data import corruptions
from ablate.data.images import Images
from ablate.data.prepare import load_test
from ablate.data.streamed import Streamed
from ablate.data.test_sets.condition import Condition, Format, check_memory, chunks
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few


def own(corrupted_by: Sequence[str]) -> list[Condition]:
    """The runs' own test set, and corruptions of it; see `corrupted`."""
    return corrupted([Condition("", None, lambda wanted: load_test(wanted.settings))], corrupted_by)


def corrupted(conditions: list[Condition], names: Sequence[str]) -> list[Condition]:
    """The only condition, as `clean`, and its corruptions (`corruptions.CORRUPTIONS`) of all severities.

    Raises:
        InputError: there are several conditions.
    """
    if len(conditions) > 1:
        raise InputError(
            f"The test set has {len(conditions)} conditions ({first_few([one.name for one in conditions])}), but"
            " corruptions are made of one set of images. Pass the folder of one of them."
        )
    load = lru_cache(maxsize=1)(conditions[0].load)
    return [
        Condition(corruptions.CLEAN, None, load),
        *(
            Condition(name, severity, partial(_corrupted, load, name, severity))
            for name in names
            for severity in corruptions.SEVERITIES
        ),
    ]


def _corrupted(load: Callable[[Format], Images], name: str, severity: int, wanted: Format) -> Images:
    """Images with a corruption of a severity, in memory."""
    images = load(wanted)
    if isinstance(images.images, Streamed):
        check_memory("Corrupted images", images.images.numel(), wanted)
    pixels = torch.empty(tuple(images.images.shape), dtype=torch.uint8)
    for chunk in chunks(len(images), pixels[0].numel()):
        block = images.images[chunk].numpy()
        pixels[chunk] = torch.from_numpy(corruptions.corrupt(block, name, severity, chunk.start))
    return Images(pixels, images.labels, images.classes)
