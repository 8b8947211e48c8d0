"""Folders as the library `datasets` writes them, from real image files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ablate.data.huggingface import huggingface
from ablate.data.image_folder import image_folder
from ablate.data.images import Images, NoTestImages
from ablate.data.split import split
from ablate.terminal.errors import InputError

datasets = pytest.importorskip("datasets")
COLUMNS = dict.fromkeys(("name", "subset", "image_column", "label_column", "val_split", "test_split"))
KEYS = {**COLUMNS, "train_split": "train", "image_size": 32, "memory_limit": 1, "part": "train"}


@pytest.fixture(scope="module", autouse=True)
def offline(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """No network, and a cache of the library apart from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("hf"))
        patch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        yield


@pytest.fixture(scope="module")
def splits(photo_folder: Path) -> Any:
    """train and test of the photographs, with class labels."""
    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["china", "flower"])}
    content = {}
    for part in ("train", "test"):
        listed = image_folder(str(photo_folder), 32, 1, part)  # type: ignore[arg-type]
        columns = {"image": list(listed.files), "label": listed.labels.tolist()}
        content[part] = datasets.Dataset.from_dict(columns, features=datasets.Features(features))
    return datasets.DatasetDict(content)


def _load(folder: Path | str | None, **settings: Any) -> Images:
    return huggingface(str(folder) if folder else None, **{**KEYS, **settings})


def _same(images: Images, listed: Images) -> bool:
    return torch.equal(images.images, listed.images) and torch.equal(images.labels, listed.labels)


def test_a_saved_data_set_has_the_images_of_its_files(splits: Any, photo_folder: Path, tmp_path: Path) -> None:
    splits.save_to_disk(tmp_path / "saved")
    for part in ("train", "test"):
        images, listed = _load(tmp_path / "saved", part=part), image_folder(str(photo_folder), 32, 1, part)  # type: ignore[arg-type]
        assert _same(images, listed) and images.classes == ("china", "flower")
        assert images.split_kind == "stratified"
        assert [Path(path).read_bytes() for path in images.files] == [Path(path).read_bytes() for path in listed.files]


def test_parquet_files_and_a_validation_split(splits: Any, photo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    splits["train"].to_parquet(tmp_path / "data/train-00000-of-00001.parquet")
    splits["test"].to_parquet(tmp_path / "data/validation-00000-of-00001.parquet")
    images = _load(tmp_path)
    train, val = split(images, 0.3, 0, None)
    assert (len(train), len(val)) == (120, 30) and val.tolist() == list(range(120, 150))
    assert _same(images.subset(val), image_folder(str(photo_folder), 32, 1, "test"))
    with pytest.raises(NoTestImages, match="has no split test .its splits: train, validation"):
        _load(tmp_path, part="test")


def test_labels_that_are_text_are_sorted_and_other_names_are_read(splits: Any, tmp_path: Path) -> None:
    names = np.array(["zebra", "ape"])
    texts = datasets.Dataset.from_dict(
        {"photo": splits["test"]["image"], "animal": names[splits["test"]["label"]].tolist()},
        features=datasets.Features({"photo": datasets.Image(), "animal": datasets.Value("string")}),
    )
    datasets.DatasetDict({"all": texts}).save_to_disk(tmp_path / "saved")
    images = _load(tmp_path / "saved", train_split="all", label_column="animal")
    assert images.classes == ("ape", "zebra")
    assert [images.classes[label] for label in images.labels] == texts["animal"][:]


def _with_labels(splits: Any, labels: list[int]) -> Any:
    return splits["test"].remove_columns("label").add_column("label", labels)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "split": ({"train_split": "training"}, "data.train_split=training: .* has no such split. Its splits: train, test"),
    "val split": ({"val_split": "dev"}, "data.val_split=dev: .* has no such split"),
    "column": (
        {"image_column": "images"},
        "image_column=images: .* no such column. Did you mean data.image_column=image",
    ),
    "no image": ({"image_column": "label"}, "data.image_column=label does not hold images.*image .Image., label"),
    "no label": ({"label_column": "y"}, "data.label_column=y: .* no such column. Its columns: image .Image., label"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_names_that_the_data_set_lacks_are_refused(splits: Any, tmp_path: Path, case: str) -> None:
    settings, message = REFUSED[case]
    splits.save_to_disk(tmp_path)
    with pytest.raises(InputError, match=message):
        _load(tmp_path, **settings)


def test_images_without_a_label_are_counted(splits: Any, tmp_path: Path) -> None:
    labels = splits["test"]["label"][:]
    unlabeled = splits["test"].map(lambda row, index: {"label": -1 if index < 3 else row["label"]}, with_indices=True)
    assert labels.count(-1) == 0
    datasets.DatasetDict({"train": splits["train"], "test": unlabeled}).save_to_disk(tmp_path)
    assert len(_load(tmp_path)) == 120
    with pytest.raises(InputError, match="split test: 3 of 30 images have no label"):
        _load(tmp_path, part="test")


def test_scripts_do_not_run_and_other_folders_are_refused(tmp_path: Path) -> None:
    script = tmp_path / "script" / "script.py"
    script.parent.mkdir()
    script.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (tmp_path / "text").mkdir()
    (tmp_path / "text/train.txt").write_text("a\n")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/state.json").write_text("{}")
    for folder, message in {
        "script": "cannot be read as a data set",
        "text": "is read as text, which is not supported",
        "broken": "cannot be read as a data set",
        "nowhere": "does not exist",
    }.items():
        with pytest.raises(InputError, match=f"{folder} {message}"):
            _load(tmp_path / folder)
    assert not (tmp_path / "ran").exists()


def test_without_a_network_the_error_says_how_to_bring_the_data_set() -> None:
    with pytest.raises(InputError, match=r"could not be loaded from the Hugging Face Hub .*save_to_disk\(FOLDER\)"):
        _load(None, name="nobody/no_such_data_set")
