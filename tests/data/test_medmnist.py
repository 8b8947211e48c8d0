"""Files as MedMNIST has them, read also by the package medmnist."""

from pathlib import Path

import numpy as np
import pytest

from ablate.data.medmnist import medmnist
from ablate.data.split import split
from ablate.terminal.errors import InputError

package = pytest.importorskip("medmnist")
PARTS = ("train", "val", "test")


def _write(folder: Path, name: str, size: int = 28) -> dict[str, np.ndarray]:
    """A file of 20 images per part, with random pixels and labels of all classes."""
    rng = np.random.default_rng(0)
    info = package.INFO[name]
    shape = (size, size) if info["n_channels"] == 1 else (size, size, 3)
    content = {f"{part}_images": rng.integers(0, 256, (20, *shape), np.uint8) for part in PARTS}
    content |= {f"{part}_labels": rng.permutation(20)[:, None].astype(np.uint8) % len(info["label"]) for part in PARTS}
    np.savez_compressed(folder / f"{name}{'' if size == 28 else f'_{size}'}.npz", **content)
    return content


@pytest.mark.parametrize(("name", "size"), [("pathmnist", 28), ("pneumoniamnist", 28), ("bloodmnist", 64)])
def test_the_parts_are_those_of_the_package(tmp_path: Path, name: str, size: int) -> None:
    _write(tmp_path, name, size)
    kind = getattr(package, package.INFO[name]["python_class"])
    theirs = {part: kind(part, root=tmp_path, size=size) for part in PARTS}
    images = medmnist(str(tmp_path), name, size, "train")
    pixels = images.images.permute(0, 2, 3, 1).numpy().squeeze()
    assert np.array_equal(pixels, np.concatenate([theirs["train"].imgs, theirs["val"].imgs]))
    assert images.labels.tolist() == [int(row[0]) for part in PARTS[:2] for row in theirs[part].labels]
    assert images.classes == tuple(package.INFO[name]["label"].values())
    train, val = split(images, 0.1, 0, None)
    assert (train.tolist(), val.tolist()) == (list(range(20)), list(range(20, 40)))
    test = medmnist(str(tmp_path), name, size, "test")
    assert np.array_equal(test.images.permute(0, 2, 3, 1).numpy().squeeze(), theirs["test"].imgs)
    assert test.validation is None and test.labels.tolist() == theirs["test"].labels[:, 0].tolist()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chestmnist", "images have several labels each, but one is needed"),
        ("organmnist3d", "has images of three dimensions"),
        ("pathmist", "does not exist. Did you mean pathmnist?"),
        ("imagenet", "does not exist. Data sets: pathmnist, "),
    ],
)
def test_data_sets_that_cannot_be_used_are_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        medmnist(str(tmp_path), name, 28, "train")


def _cut(path: Path, content: dict[str, np.ndarray]) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _object(path: Path, content: dict[str, np.ndarray]) -> None:
    np.savez(path, **{**content, "train_labels": np.array([{}], object)})


def _other_shape(path: Path, content: dict[str, np.ndarray]) -> None:
    np.savez(path, **{**content, "train_images": content["train_images"][..., 0]})


@pytest.mark.parametrize("change", [_cut, _object, _other_shape])
def test_a_damaged_file_is_refused(tmp_path: Path, change) -> None:
    content = _write(tmp_path, "pathmnist")
    change(tmp_path / "pathmnist.npz", content)
    with pytest.raises(InputError, match="pathmnist.npz is damaged .*Delete it"):
        medmnist(str(tmp_path), "pathmnist", 28, "train")


def test_without_a_connection_the_error_explains_the_manual_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "http://127.0.0.1:9/pathmnist.npz"
    monkeypatch.setitem(package.INFO["pathmnist"], "url", url)
    with pytest.raises(InputError, match=rf"pathmnist.npz does not exist and could not be .*refused.*Download {url}"):
        medmnist(str(tmp_path / "new"), "pathmnist", 28, "train")
