"""Load the images of a configuration and compute the statistics in data.json."""

from typing import Any

import numpy as np
from omegaconf import DictConfig

from ablate.commands.data.configuration import is_image_folder
from ablate.data.decode import largest_value, size
from ablate.data.image_folder import paths, unused
from ablate.data.images import NoTestImages
from ablate.data.parallel import map_files
from ablate.data.prepare import Prepared, clear_cache, load_test, prepare
from ablate.data.streamed import Pixels
from ablate.data.summary import Files, summary


def load(data: DictConfig) -> tuple[Prepared, Pixels | None, dict[str, Any]]:
    """Load the training, validation and test images of a configuration.

    Returns:
        The training and validation images, the test images (None without a test set), and the statistics in data.json.

    Raises:
        InputError: the images cannot be loaded or split.
    """
    clear_cache()  # in a notebook, the images may have changed since the last call
    prepared, test = prepare(data), _test_images(data)
    files = _image_files(data, has_test=test is not None) if is_image_folder(data) else None
    return prepared, test, summary(prepared, test, files)


def _test_images(data: DictConfig) -> Pixels | None:
    """The test images without their labels, which only `ablate test` reads; None without a test set."""
    try:
        return load_test(data).images
    except NoTestImages:
        return None


def _image_files(data: DictConfig, has_test: bool) -> Files:
    train = paths(data.root, "train")
    sizes = np.array(list(map_files(size, train, "Measuring images")))
    values = [value for value in map_files(largest_value, train, "Reading pixels") if value is not None]
    test = paths(data.root, "test") if has_test else []
    return Files(train, test, sizes, max(values, default=None), unused(data.root), data.resize == "square")
