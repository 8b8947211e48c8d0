"""Test sets other than a run's own: class folders, the arrays of CIFAR-10.1 and CIFAR-10-C, corrupted test images.

A test set has one or more conditions, such as corruptions of five severities. Their images are read one condition at a
time, at the size and with the channels that the networks take.
"""

from pathlib import Path

from ablate.data.test_sets import cifar_arrays, class_folders
from ablate.data.test_sets.condition import Condition, Format
from ablate.data.test_sets.corrupted import corrupted, own
from ablate.data.walk import entries
from ablate.terminal.errors import InputError


def find(path: Path, classes: tuple[str, ...]) -> list[Condition]:
    """The conditions of the test set in a folder or `.npy` file.

    Args:
        path: class folders, with or without `test/` above them; a folder of such folders, each with `1/` to `5/` in it
            or not; arrays `NAME_data.npy` and `NAME_labels.npy` as in CIFAR-10.1; or one array per corruption and
            `labels.npy` as in CIFAR-10-C.
        classes: names of the classes of the runs.

    Raises:
        InputError: there is no such folder, it has another layout, other classes or no images, or an array is damaged.
    """
    if not path.exists():
        raise InputError(f"The test set {path} does not exist.")
    if not path.is_dir() and path.suffix != ".npy":
        raise InputError(f"The test set {path} is neither a folder nor an .npy file.")
    names = [path.name] if path.is_file() else [one.name for one in entries(path) if one.name.endswith(".npy")]
    if names:
        return cifar_arrays.conditions(path.parent if path.is_file() else path, names, classes)
    return class_folders.conditions(path, classes)


__all__ = ["Condition", "Format", "corrupted", "find", "own"]
