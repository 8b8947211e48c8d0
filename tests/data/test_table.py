"""Tables of real image files, and the same files as an image folder."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ablate.data.image_folder import image_folder
from ablate.data.images import Images, NoTestImages
from ablate.data.table import table
from ablate.terminal.errors import InputError
from tests.processes import ablate

HEADER = ("path", "label", "split", "patient")
KEYS = {
    **{"file": "labels.csv", "path_column": "path", "label_column": "label", "suffix": ""},
    **dict.fromkeys(("split_column", "val_file", "test_file", "group")),
    **{"image_size": 8, "memory_limit": 1, "part": "train"},
}
ROWS = [(f"images/{index}.png", "ba"[index % 2], "", f"p{index // 2}") for index in range(8)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """images/0.png to 7.png, of the gray values 0 to 7, and labels.csv with classes b and a, two images per patient."""
    (tmp_path / "images").mkdir()
    for gray in range(8):
        Image.new("RGB", (8, 8), (gray, gray, gray)).save(tmp_path / f"images/{gray}.png")
    _write(tmp_path / "labels.csv", ROWS)
    return tmp_path


def _write(path: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> None:
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _load(folder: Path, **settings: Any) -> Images:
    return table(str(folder), **{**KEYS, **settings})


def _grays(images: Images) -> list[int]:
    return images.images[:, 0, 0, 0].tolist()


def test_images_are_in_the_order_of_the_rows_and_classes_in_that_of_their_names(folder: Path) -> None:
    _write(folder / "labels.csv", rows := random.Random(0).sample(ROWS, 8))
    images = _load(folder)
    assert images.classes == ("a", "b")
    assert _grays(images) == [int(row[0][7]) for row in rows]
    assert images.labels.tolist() == ["ab".index(row[1]) for row in rows]
    assert list(images.files) == [f"{folder}/{row[0]}" for row in rows]
    assert images.split_kind == "stratified"


def test_integers_are_classes_in_the_order_of_their_values(folder: Path) -> None:
    _write(folder / "labels.csv", [(path, 2 + 8 * (index % 2), "", "") for index, (path, *_) in enumerate(ROWS)])
    images = _load(folder)
    assert images.classes == ("2", "10") and images.labels.tolist() == [0, 1] * 4


def test_paths_may_be_absolute_without_suffix_and_with_backslashes(folder: Path) -> None:
    written = [f"{folder}/images/0", "images\\1", "./images/2", "images/../images/3"]
    _write(folder / "labels.csv", [(path, "ab"[i % 2], "", "") for i, path in enumerate(written)])
    assert _grays(_load(folder, suffix=".png")) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "words", [("train", "val", "test"), ("Training", "VALID", "Testing"), ("train", "dev", "test")]
)
def test_a_split_column_states_the_parts(folder: Path, words: tuple[str, str, str]) -> None:
    parts = [0, 0, 1, 2, 0, 0, 1, 2]
    rows = [(*row[:2], words[part], row[3]) for row, part in zip(ROWS, parts, strict=True)]
    _write(folder / "labels.csv", rows)
    train = _load(folder, split_column="split")
    assert _grays(train) == [0, 1, 2, 4, 5, 6]
    assert train.validation is not None and train.validation.tolist() == [False, False, True, False, False, True]
    test = _load(folder, split_column="split", part="test")
    assert _grays(test) == [3, 7] and test.labels.tolist() == [0, 0] and test.classes == ("a", "b")


def test_other_tables_state_the_parts(folder: Path) -> None:
    for name, rows in {"labels.csv": ROWS[:4], "v.csv": ROWS[4:6], "t.csv": ROWS[6:]}.items():
        _write(folder / name, rows)
    train = _load(folder, val_file="v.csv", test_file="t.csv")
    assert _grays(train) == list(range(6)) and train.validation is not None
    assert np.flatnonzero(train.validation).tolist() == [4, 5]
    assert _grays(_load(folder, test_file="t.csv", part="test")) == [6, 7]
    with pytest.raises(NoTestImages, match="labels.csv lists no test images"):
        _load(folder, val_file="v.csv", part="test")


def test_training_does_not_read_test_images_or_their_labels(folder: Path) -> None:
    _write(folder / "labels.csv", [*ROWS[:6], ("gone.png", "", "test", "p9")])
    (folder / "labels.csv").write_text((folder / "labels.csv").read_text().replace(",,", ",train,", 6))
    assert len(_load(folder, split_column="split")) == 6
    with pytest.raises(InputError, match="1 of 1 image has no label: gone.png"):
        _load(folder, split_column="split", part="test")


def test_groups_are_of_the_column(folder: Path) -> None:
    groups = _load(folder, group="patient").groups
    assert groups is not None and groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def _rows(change: dict[int, tuple[int, str]]) -> list[list[str]]:
    """The rows with other cells: {row: (column, text)}."""
    rows = [list(row) for row in ROWS]
    for at, (column, text) in change.items():
        rows[at][column] = text
    return rows


REFUSED: dict[str, tuple[list[list[str]], dict[str, Any], str]] = {
    "missing files": (
        _rows({1: (0, "images/x.png"), 3: (0, "gone/y.png")}),
        {},
        "2 of 8 images of .*labels.csv do not exist: .*images/x.png, .*gone/y.png. Paths are relative to data.root",
    ),
    "no suffix": (_rows({1: (0, "images/1")}), {}, "1 of 8 .*images/1.png does: set data.suffix=.png"),
    "a folder": (_rows({1: (0, "images")}), {}, "1 of 8 images .* does not exist: .*images"),
    "a zero byte": (_rows({1: (0, "a\0b")}), {}, r"1 of 8 images .* does not exist: .*a\\x00b"),
    "missing labels": (_rows({1: (1, ""), 5: (1, "nan")}), {}, "2 of 8 images have no label: images/1.png, images/5"),
    "missing paths": (_rows({2: (0, " ")}), {}, "1 of 8 rows of .* has no path. Remove or complete it"),
    "listed twice": (_rows({2: (0, "images/0.png")}), {}, "lists images more than once: images/0.png. Keep"),
    "listed twice, with a dot": (_rows({2: (0, "./images/0.png")}), {}, "once: images/0.png, ./images/0.png. Keep"),
    "listed twice, by a detour": (_rows({2: (0, "a/../images/0.png")}), {}, "once: images/0.png, a/../images/0.png"),
    "listed twice, as of Windows": (_rows({2: (0, "images\\0.png")}), {}, "once: images/0.png. Keep"),
    "missing groups": (_rows({2: (3, "")}), {"group": "patient"}, "group=patient: 1 of 8 rows of .* has no value"),
    "one group": (
        _rows({at: (3, "all") for at in range(8)}),
        {"group": "patient"},
        "data.group=patient: all 8 rows of .* have the value 'all', so a split by group is not possible",
    ),
    "a group in two parts": (
        _rows({at: (2, "train" if at else "test") for at in range(8)}),
        {"group": "patient", "split_column": "split"},
        "1 of 4 values is in more than one of train, val and test: 'p0'",
    ),
    "another part": (
        _rows({at: (2, "fold 1" if at else "train") for at in range(8)}),
        {"split_column": "split"},
        "7 of 8 rows of .* have other values than train, val and test: 'fold 1'",
    ),
    "no part": (_rows({}), {"split_column": "split"}, "8 of 8 rows of .* have other values .*: ''"),
    "no training": (
        _rows({at: (2, "test") for at in range(8)}), {"split_column": "split"}, "lists no image for training"
    ),
    "other column": (_rows({}), {"group": "patients"}, "data.group=patients: .*Did you mean data.group=patient"),
    "other table": (_rows({}), {"file": "label.csv"}, "label.csv does not exist. Tables in .*: labels.csv."),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_tables_with_mistakes_are_refused_in_a_sentence(folder: Path, case: str) -> None:
    rows, settings, message = REFUSED[case]
    _write(folder / "labels.csv", rows)
    with pytest.raises(InputError, match=message) as error:
        _load(folder, **settings)
    assert "\n" not in str(error.value)


def test_of_many_missing_labels_a_few_are_named_and_all_are_counted(folder: Path) -> None:
    _write(folder / "labels.csv", [(f"{index}.png", "" if index % 10 == 0 else "a", "", "") for index in range(1000)])
    with pytest.raises(InputError, match="100 of 1,000 images have no label: 0.png, 10.png, 20.png and 97 others"):
        _load(folder)


def test_test_labels_that_are_unknown_in_training_are_refused(folder: Path) -> None:
    _write(folder / "t.csv", [("images/7.png", "c", "", "")])
    _write(folder / "labels.csv", ROWS[:6])
    with pytest.raises(InputError, match="test images have labels that no training image has: 'c'"):
        _load(folder, test_file="t.csv", part="test")


@pytest.mark.parametrize(("train", "test"), [("3", "3.0"), ("3", "03"), ("03", "3")])
def test_test_labels_may_write_the_integers_of_training_in_another_way(folder: Path, train: str, test: str) -> None:
    _write(folder / "labels.csv", [(f"images/{index}.png", ("10", train)[index % 2], "", "") for index in range(6)])
    _write(folder / "t.csv", [("images/6.png", test, "", ""), ("images/7.png", "10.0", "", "")])
    images = _load(folder, test_file="t.csv", part="test")
    assert images.classes == ("3", "10") and images.labels.tolist() == [0, 1]


def test_a_subset_keeps_its_groups(folder: Path) -> None:
    assert _load(folder, group="patient").subset(np.array([7, 0, 1])).groups.tolist() == [3, 0, 0]


def test_a_root_that_is_the_table_is_refused_with_the_words_to_use(folder: Path) -> None:
    with pytest.raises(InputError, match=f"is a file. Use data.root={folder} data.file=labels.csv"):
        _load(folder / "labels.csv")
    with pytest.raises(InputError, match="The folder data.root=/nowhere does not exist"):
        _load(Path("/nowhere"))


def test_a_table_and_a_folder_of_the_same_files_have_the_same_images(photo_folder: Path, tmp_path: Path) -> None:
    images, listed = _same_files(photo_folder, tmp_path)
    assert torch.equal(images.images, listed.images) and images.sha256() == listed.sha256()


@pytest.mark.integration
def test_a_table_and_a_folder_of_the_same_files_train_the_same_network(photo_folder: Path, tmp_path: Path) -> None:
    _same_files(photo_folder, tmp_path)
    small = ("data.image_size=32", "model=mlp", "model.hidden=[8]", "trainer.epochs=1", "trainer.threads=1")
    for name, words in {
        "folder": ("data=image_folder", f"data.root={photo_folder}"),
        "table": ("data=table", f"data.root={tmp_path}"),
    }.items():
        ended = ablate(tmp_path, "train", *words, *small, f"hydra.run.dir={name}")
        assert ended.returncode == 0, ended.stderr
    predictions = [np.load(tmp_path / name / "val_predictions.npz") for name in ("folder", "table")]
    for array in ("index", "label", "logits"):
        assert np.array_equal(predictions[0][array], predictions[1][array])


def _same_files(photo_folder: Path, folder: Path) -> tuple[Images, Images]:
    """The images of an image folder, listed in a table; and as an image folder."""
    listed = image_folder(str(photo_folder), 32, 1, "train")
    rows = [(path, listed.classes[label], "", "") for path, label in zip(listed.files, listed.labels, strict=True)]
    _write(folder / "labels.csv", rows)
    return _load(folder, image_size=32), listed
