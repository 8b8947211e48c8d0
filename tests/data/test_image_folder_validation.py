"""Class folders with a folder of validation images."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ablate.data.image_folder import image_folder
from ablate.data.split import split
from ablate.terminal.errors import InputError
from tests.data.class_folders import class_folders, gray_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "set")


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_a_validation_folder_is_the_validation_set(folder: Path, name: str) -> None:
    for gray, of_class in ((7, "b"), (8, "a")):
        gray_image(folder / name / of_class / "0.png", gray)
    source = image_folder(str(folder), 8, 1, "train")
    assert source.images[:, 0, 0, 0].tolist() == [0, 0, 0, 0, 8, 7]
    assert source.labels.tolist() == [0, 0, 1, 1, 0, 1]
    assert list(source.files[4:]) == [f"{folder}/{name}/a/0.png", f"{folder}/{name}/b/0.png"]
    train, val = split(source, 0.5, 3, None)
    assert (train.tolist(), val.tolist()) == ([0, 1, 2, 3], [4, 5])
    assert image_folder(str(folder), 8, 1, "test").validation is None
    (folder / name / "b").rename(folder / "train/b/more")  # the same images in the same order, but another split
    moved = image_folder(str(folder), 8, 1, "train")
    assert sorted(moved.images[:, 0, 0, 0].tolist()) == [0, 0, 0, 0, 7, 8]
    assert source.sha256() != moved.sha256()


def test_the_digest_depends_on_which_images_are_for_validation(folder: Path) -> None:
    source = image_folder(str(folder), 8, 1, "train")
    marked = [dataclasses.replace(source, validation=np.arange(4) >= first) for first in (2, 3)]
    assert len({images.sha256() for images in (source, *marked)}) == 3


def test_a_class_without_a_validation_image_is_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    gray_image(folder / "val/a/0.png")
    assert split(image_folder(str(folder), 8, 1, "train"), 0.5, 0, None)[1].tolist() == [4]
    assert "No validation image of b: such a class is only trained on, and not evaluated." in caplog.text


VALIDATION = {
    "two": (("val/a/0.png", "valid/a/0.png"), "has the folders val and valid. Keep one"),
    "other class": (("val/c/0.png", "val/a/0.png"), "val has classes that are not in train: c. Rename or remove"),
    "no class": (("val/0.png",), "val/0.png is not in a class folder"),
    "none": (("val/.DS_Store.png",), "val has no class folders. Put images into"),
}


@pytest.mark.parametrize("case", VALIDATION)
def test_a_validation_folder_of_another_layout_is_refused(folder: Path, case: str) -> None:
    names, message = VALIDATION[case]
    for name in names:
        gray_image(folder / name)
    with pytest.raises(InputError, match=message):
        split(image_folder(str(folder), 8, 1, "train"), 0.5, 0, None)
