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
    folders = _subfolders(path)
    if not folders:
        raise InputError(f"{path} has no images: put them into {path}/<class>/, or pass another folder.")
    if "train" in folders and "train" not in classes and "test" not in folders:
        raise InputError(f"{path} has train/ but no test/. Put the test images into {path / 'test'}, or pass a folder.")
    if "test" in folders and "test" not in classes:
        path, folders = path / "test", _subfolders(path / "test")
    if single := _conditions_in(path, "", classes):
        return single
    found_conditions = [condition for name in folders for condition in _conditions_in(path, name, classes)]
    unmatched = [name for name in folders if name not in {condition.name for condition in found_conditions}]
    if unmatched and not found_conditions:
        raise InputError(
            f"{path} has folders ({first_few(unmatched)}), but no class of the runs ({first_few(classes)})."
            f"{_near(unmatched, classes)}"
        )
    if unmatched:
        raise InputError(f"{path / unmatched[0]} has no folder of a class ({first_few(classes)}). Remove it.")
    return found_conditions


def _conditions_in(root: Path, name: str, classes: tuple[str, ...]) -> list[Condition]:
    """The condition in a folder, or its severities; empty if it has neither class folders nor severities."""
    folders = _subfolders(root / name)
    by_severity = {folder: _subfolders(root / name / folder) for folder in folders if re.fullmatch("[1-5]", folder)}
    only_classes = all(names and set(names) <= set(classes) for names in by_severity.values())
    if folders and len(by_severity) == len(folders) and only_classes:
        return [_condition(root, f"{name}/{severity}".lstrip("/"), name, int(severity)) for severity in folders]
    if not set(folders) & set(classes):
        return []
    if unknown := [folder for folder in folders if folder not in classes]:
        raise InputError(
            f"{root / name} has folders that are no class of the runs: {first_few(unknown)}."
            f"{_near(unknown, classes)} Rename or remove them."
        )
    return [_condition(root, name or ".", name, None)]


def _subfolders(folder: Path) -> list[str]:
    return [entry.name for entry in entries(folder) if entry.is_dir()]


def _near(names: Sequence[str], classes: tuple[str, ...]) -> str:
    """A suggestion for the first name that is like a class."""
    return next(filter(None, (did_you_mean(name, classes) for name in names)), "")


def _condition(root: Path, subfolder: str, name: str, severity: int | None) -> Condition:
    return Condition(name, severity, partial(_read_images, root, subfolder))


def _read_images(root: Path, subfolder: str, wanted: Format) -> Images:
    """The images in class folders, decoded and resized like training images."""
    if wanted.channels not in (1, 3):
        raise InputError(f"The models expect images with {wanted.channels} channels, but image files have 1 or 3.")
    listing, labels = class_folders(root, subfolder, wanted.classes)
    data = wanted.settings
    resize, crop_fraction = data.get("resize", "square"), data.get("crop_fraction", 0.875)
    labeled, limit = LabeledFiles(root, listing, labels, wanted.classes), data.get("memory_limit", MEMORY_LIMIT)
    images = load(labeled, wanted.image_size, limit, resize, crop_fraction)
    if wanted.channels == 3:
        return images
    grays = [gray(batch.numpy()) for batch in batched(images.images)]
    return Images(torch.from_numpy(np.concatenate(grays)), images.labels, wanted.classes)
