"""Labelled images, from a source to the tensors a run trains on. In the order in which data flows:

`download.py`      data sets that torchvision fetches: cifar10, cifar100, svhn, mnist, fashion_mnist, stl10
`digits.py`        scikit-learn's digits, which need no download
`image_folder.py`  your own image files, one folder a class (`decode.py`, `parallel.py` and `cache.py` serve it)
`images.py`        what every source returns: uint8 pixels, labels and class names
`split.py`         which training images are for training and which for validation
`prepare.py`       from the `data` group of a configuration to all of this; the only way to the test images
"""

import importlib
from typing import Any

_HOME = {"Images": "images", "split": "split", "Prepared": "prepare", "prepare": "prepare", "load_test": "prepare"}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    # Imported on use: the processes that decode images come through here too, and need no torch.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
