"""Test sets in class folders, with a folder around them for each condition, and severities in it."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ablate.data.image_folder import class_folders
from ablate.data.images import Images, batched
from ablate.data.labeled_files import LabeledFiles, load
from ablate.data.test_sets.condition import MEMORY_LIMIT, Condition, Format, gray
from ablate.data.walk import entries
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few


def conditions(path: Path, classes: tuple[str, ...]) -> list[Condition]:
    """The conditions in a folder.

    Args:
        path: class folders, with or without `test/` above them; or a folder of such folders, each with `1/` to `5/` in
            it or not.
        classes: names of the classes of the runs.

    Raises:
        InputError: the folder has another layout, other classes or no images.
    """
    folders = _folders(path)
    if not folders:
        raise InputError(f"{path} has no images: put them into {path}/<class>/, or pass another folder.")
    if "train" in folders and "train" not in classes and "test" not in folders:
        raise InputError(f"{path} has train/ but no test/. Put the test images into {path / 'test'}, or pass a folder.")
    if "test" in folders and "test" not in classes:
        path, folders = path / "test", _folders(path / "test")
    if parts := _parts(path, "", classes):
        return parts
    known = [condition for name in folders for condition in _parts(path, name, classes)]
    without = [name for name in folders if name not in {condition.name for condition in known}]
    if without and not known:
        raise InputError(
            f"{path} has folders ({first_few(without)}), but no class of the runs ({first_few(classes)})."
            f"{_near(without, classes)}"
        )
    if without:
        raise InputError(f"{path / without[0]} has no folder of a class ({first_few(classes)}). Remove it.")
    return known


def _parts(root: Path, name: str, classes: tuple[str, ...]) -> list[Condition]:
    """The condition in a folder, or its severities; empty if it has neither class folders nor severities."""
    folders = _folders(root / name)
    inner = {folder: _folders(root / name / folder) for folder in folders if re.fullmatch("[1-5]", folder)}
    if folders and len(inner) == len(folders) and all(names and set(names) <= set(classes) for names in inner.values()):
        return [_folder(root, f"{name}/{one}".lstrip("/"), name, int(one)) for one in folders]
    if not set(folders) & set(classes):
        return []
    if unknown := [folder for folder in folders if folder not in classes]:
        raise InputError(
            f"{root / name} has folders that are no class of the runs: {first_few(unknown)}."
            f"{_near(unknown, classes)} Rename or remove them."
        )
    return [_folder(root, name or ".", name, None)]


def _folders(folder: Path) -> list[str]:
    return [entry.name for entry in entries(folder) if entry.is_dir()]


def _near(names: Sequence[str], classes: tuple[str, ...]) -> str:
    """A suggestion for the first name that is like a class."""
    return next(filter(None, (did_you_mean(name, classes) for name in names)), "")


def _folder(root: Path, part: str, name: str, severity: int | None) -> Condition:
    return Condition(name, severity, partial(_read_folder, root, part))


def _read_folder(root: Path, part: str, wanted: Format) -> Images:
    """The images in class folders, decoded and resized like training images."""
    if wanted.channels not in (1, 3):
        raise InputError(f"The runs take images with {wanted.channels} channels, but image files have 1 or 3.")
    listing, labels = class_folders(root, part, wanted.classes)
    data = wanted.settings
    resize, crop_fraction = data.get("resize", "square"), data.get("crop_fraction", 0.875)
    labeled, limit = LabeledFiles(root, listing, labels, wanted.classes), data.get("memory_limit", MEMORY_LIMIT)
    images = load(labeled, wanted.image_size, limit, resize, crop_fraction)
    if wanted.channels == 3:
        return images
    grays = [gray(batch.numpy()) for batch in batched(images.images)]
    return Images(torch.from_numpy(np.concatenate(grays)), images.labels, wanted.classes)
