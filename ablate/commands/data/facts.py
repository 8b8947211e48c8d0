"""The data of a configuration, loaded, and the facts of it."""

from typing import Any

import numpy as np
from omegaconf import DictConfig

from ablate.commands.data.composing import of_files
from ablate.data.decode import size
from ablate.data.image_folder import paths
from ablate.data.images import NoTestImages
from ablate.data.parallel import map_files
from ablate.data.prepare import Prepared, clear_cache, load_test, prepare
from ablate.data.streamed import Pixels
from ablate.data.summary import Files, summary


def load(data: DictConfig) -> tuple[Prepared, Pixels | None, dict[str, Any]]:
    """The images that would be trained on, the test images (None without any), and what there is to say: `summary`.

    Raises:
        InputError: they cannot be loaded or split.
    """
    clear_cache()  # a notebook looks again after it has changed its images
    prepared, test = prepare(data), _test(data)
    return prepared, test, summary(prepared, test, _files(data, test is not None) if of_files(data) else None)


def _test(data: DictConfig) -> Pixels | None:
    """The test images without their labels, which `ablate test` alone looks at; None if there are none."""
    try:
        return load_test(data).images
    except NoTestImages:
        return None


def _files(data: DictConfig, tested: bool) -> Files:
    train = paths(data.root, "train")
    sizes = np.array(list(map_files(size, train, "Measuring images")))
    return Files(train, paths(data.root, "test") if tested else [], sizes)
