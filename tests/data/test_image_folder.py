"""Images in class folders: their order, the layout, and errors in a sentence."""

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from ablate.data import parallel
from ablate.data.image_folder import image_folder, unused
from ablate.terminal.errors import InputError
from tests.data.class_folders import class_folders, gray_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "set")


@pytest.mark.parametrize(("part", "count"), [("train", 60), ("test", 15)])
def test_photographs_are_decoded_as_by_pil(photo_folder: Path, part: str, count: int) -> None:
    images = image_folder(str(photo_folder), 32, 1, part)
    files = sorted((photo_folder / part).glob("*/*"))
    assert [str(path) for path in files] == list(images.files)
    assert images.classes == ("china", "flower")
    assert images.labels.tolist() == [0] * count + [1] * count
    assert len(files) == len(images) == 2 * count
    for path, pixels in zip(files, images.images, strict=True):
        with Image.open(path) as image:
            assert np.array_equal(pixels.permute(1, 2, 0), np.asarray(image)), path


def test_images_are_resized(photo_folder: Path) -> None:
    assert image_folder(str(photo_folder), 20, 1, "test").images.shape == (30, 3, 20, 20)


def test_classes_and_images_are_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = ["b", "B", "a10", "a9"]
    for gray, name in enumerate(names):
        gray_image(tmp_path / "train" / name / "x" / "2.png", 10 * gray + 2)
        gray_image(tmp_path / "train" / name / "1.png", 10 * gray + 1)
    images = image_folder(str(tmp_path), 8, 1, "train")
    assert images.classes == ("B", "a10", "a9", "b")
    assert images.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert images.images[:, 0, 0, 0].tolist() == [11, 12, 21, 22, 31, 32, 1, 2]


def test_hidden_files_and_folders_are_ignored_and_links_followed(folder: Path, tmp_path: Path) -> None:
    for hidden in (".DS_Store", "train/.DS_Store", "train/a/.DS_Store", "train/a/Thumbs.db", "train/.git/x"):
        (folder / hidden).parent.mkdir(exist_ok=True)
        (folder / hidden).write_bytes(b"no image")
    (folder / "README.txt").write_text("next to train: ignored")
    gray_image(tmp_path / "elsewhere/1.png", 9)
    (folder / "train/c").symlink_to(tmp_path / "elsewhere")
    images = image_folder(str(folder), 8, 1, "train")
    assert images.classes == ("a", "b", "c")
    assert images.images[:, 0, 0, 0].tolist() == [0, 0, 0, 0, 9]


@pytest.mark.parametrize("name", ["@eaDir", "__MACOSX", ".thumbnails", "$RECYCLE.BIN", "lost+found", "#recycle"])
def test_thumbnails_and_deleted_files_are_no_images(folder: Path, name: str) -> None:
    for place in ("", "train", "train/a", "train/a/more", "test/b"):
        gray_image(folder / place / name / "1.png", 9)
    for part in ("train", "test"):
        images = image_folder(str(folder), 8, 1, part)
        assert images.classes == ("a", "b") and len(images) == 4
    assert unused(str(folder)) == ""


@pytest.mark.parametrize("name", ["vals", "Test", "extra"])
def test_folders_beside_train_and_test_are_named(folder: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    gray_image(folder / name / "a/1.png")
    caplog.set_level("INFO")
    image_folder(str(folder), 8, 1, "train")
    assert f"Not used in {folder}: {name}/. Only train/, val/ and test/ are read" in caplog.text


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_class_that_is_not_utf8_is_refused_with_its_new_name(folder: Path, part: str) -> None:
    gray_image(Path(os.fsdecode(os.fsencode(folder) + f"/{part}/".encode() + b"caf\xe9/1.png")))
    with pytest.raises(InputError, match=r"not valid UTF-8.*caf.xe9' .*café'$|classes that are not in train"):
        image_folder(str(folder), 8, 1, part)


def test_a_tilde_stands_for_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    assert len(image_folder("~/set", 8, 1, "train")) == 4


def test_labels_are_those_of_train_if_test_lacks_a_class(folder: Path) -> None:
    shutil.rmtree(folder / "test/a")
    images = image_folder(str(folder), 8, 1, "test")
    assert images.classes == ("a", "b")
    assert images.labels.tolist() == [1, 1]


def test_training_does_not_read_the_test_images(folder: Path) -> None:
    for path in (folder / "test").rglob("*.png"):
        path.write_bytes(b"no image")
    assert len(image_folder(str(folder), 8, 1, "train")) == 4


def _empty(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


LAYOUTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no root": (shutil.rmtree, r"data.root=.*set does not exist"),
    "no train": (lambda root: shutil.rmtree(root / "train"), "set has no folder train"),
    "no classes": (lambda root: _empty(root / "train"), "train has 0 class folders"),
    "one class": (lambda root: shutil.rmtree(root / "train/b"), "train has 1 class folder, but at least 2"),
    "empty class": (lambda root: _empty(root / "train/b"), "class folder .*train/b has no images"),
    "test class": (lambda root: (root / "test/bb").mkdir(), r"test has classes that are not in train: bb\."),
    "no class": (lambda root: gray_image(root / "train/x.png"), r"train/x.png is not in a class folder \(1 such"),
    "link to nothing": (
        lambda root: (root / "train/a/x.png").symlink_to(root / "gone"),
        "train/a/x.png cannot be read",
    ),
    "loop": (
        lambda root: (root / "train/a/again").symlink_to(root / "train/a"),
        "again is a link to a folder above it",
    ),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_a_folder_with_another_layout_is_refused(folder: Path, case: str) -> None:
    break_it, message = LAYOUTS[case]
    break_it(folder)
    with pytest.raises(InputError, match=message):
        image_folder(str(folder), 8, 1, "train")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda root: shutil.rmtree(root / "test"), "set has no test images"),
        (lambda root: _empty(root / "test"), "test has no class folders"),
        (lambda root: _empty(root / "test/b"), "test/b has no images"),
    ],
)
def test_missing_test_images_are_an_error_only_for_the_test_part(
    folder: Path, break_it: Callable[[Path], object], message: str
) -> None:
    break_it(folder)
    assert len(image_folder(str(folder), 8, 1, "train")) == 4
    with pytest.raises(InputError, match=message):
        image_folder(str(folder), 8, 1, "test")


def test_unreadable_files_are_named(folder: Path) -> None:
    whole = (folder / "train/a/0.png").read_bytes()
    broken = {"cut.png": whole[:-30], "empty.jpg": b"", "labels.csv": b"x,1\n", "flipped.png": whole[:45] + whole[50:]}
    for name, content in broken.items():
        (folder / "train/a" / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        image_folder(str(folder), 8, 1, "train")
    assert str(error.value).startswith("4 of 8 files cannot be read as images: ")
    for name in broken:
        assert f"{folder}/train/a/{name} (" in str(error.value)


def test_of_many_unreadable_files_a_few_are_named_and_all_are_counted(photo_folder: Path, tmp_path: Path) -> None:
    # 120 files are enough to start worker processes.
    shutil.copytree(photo_folder / "train", tmp_path / "train")
    paths = sorted((tmp_path / "train").rglob("*.*"))
    for path in paths[10:110]:
        path.write_bytes(b"no image")
    with pytest.raises(InputError, match=r"^100 of 120 files .*\); \.\.\.\. Replace or remove them\.$") as error:
        image_folder(str(tmp_path), 32, 1, "train")
    assert [str(path) in str(error.value) for path in paths] == [10 <= index < 15 for index in range(120)]


def test_progress_is_shown_only_on_a_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    files = [str(path) for path in sorted((folder / "train").rglob("*.png"))]
    assert list(parallel.map_files(os.path.getsize, files, "Weighing"))
    assert capfd.readouterr().err == ""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        assert Console(stderr=True).is_terminal
        assert list(parallel.map_files(os.path.getsize, files, "Weighing"))
    shown = b""
    with suppress(OSError):  # raised by Linux once the other end is closed
        while piece := os.read(ours, 65536):  # one read may return only a part
            shown += piece
    os.close(ours)
    assert b"Weighing" in shown
