"""Load the images of a configuration and compute the statistics in data.json."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from omegaconf import DictConfig

from ablate.commands.data.configuration import is_image_folder
from ablate.data.decode import largest_value, size
from ablate.data.duplicates import Copy, copies
from ablate.data.image_folder import unused
from ablate.data.images import Images, NoTestImages
from ablate.data.parallel import map_files
from ablate.data.prepare import Prepared, clear_cache, load_test, prepare
from ablate.data.streamed import Pixels
from ablate.data.summary import Files, summary


def load(data: DictConfig) -> tuple[Prepared, Pixels | None, dict[str, Any], list[Copy]]:
    """Load the training, validation and test images of a configuration.

    Returns:
        The training and validation images, the test images (None without a test set), the statistics in data.json, and
        the duplicates.

    Raises:
        InputError: the images cannot be loaded or split.
    """
    clear_cache()  # in a notebook, the images may have changed since the last call
    prepared, test = prepare(data), _test_images(data)
    files = _image_files(data, prepared.files, test.files if test else ()) if prepared.files else None
    pixels = test.images if test else None
    duplicates = copies(prepared, pixels, files.names if files else None)
    return prepared, pixels, summary(prepared, pixels, files, duplicates), duplicates


def _test_images(data: DictConfig) -> Images | None:
    """The test images; None without a test set. Their labels are for `ablate test` only."""
    try:
        return load_test(data)
    except NoTestImages:
        return None


def _image_files(data: DictConfig, train: Sequence[str], test: Sequence[str]) -> Files:
    sizes = np.array(list(map_files(size, list(train), "Measuring images")))
    values = [value for value in map_files(largest_value, list(train), "Reading pixels") if value is not None]
    beside = unused(data.root) if is_image_folder(data) else ""
    return Files(train, test, sizes, max(values, default=None), beside, data.get("resize", "square") == "square")
