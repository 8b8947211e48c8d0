"""A few random images in the file format of each data set, as its web page describes it.

Only torchvision's checksums and download addresses are replaced.
"""

import hashlib
import io
import pickle
import struct
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from ablate.backend.torchvision import torchvision

CIFAR10, CIFAR100, SVHN, MNIST, FashionMNIST, STL10 = (
    getattr(torchvision.datasets, name) for name in ("CIFAR10", "CIFAR100", "SVHN", "MNIST", "FashionMNIST", "STL10")
)
CLOSED = "http://127.0.0.1:9"  # the discard port: connections are refused immediately, also without a network
RANDOM = np.random.default_rng(0)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _images(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


class Source:
    """A tiny data set: its files by name, and the pixels and labels that must be read from them."""

    def __init__(self, files: dict[str, bytes], train: np.ndarray, test: np.ndarray, labels: dict[str, list[int]]):
        self.files, self.pixels, self.labels = files, {"train": train, "test": test}, labels

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def archive(self) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, content in self.files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return packed.getvalue()

    def sums(self, table: list[list[str]], folder: str) -> list[list[str]]:
        return [[name, md5(self.files[f"{folder}/{name}"])] for name, _ in table]


def _cifar(kind: type, labels_key: str, classes: list[str]) -> Source:
    """Rows of 3072 bytes: a red, a green and a blue plane of 32x32 pixels, each stored row by row."""
    files, pixels, labels = {}, {"train": [], "test": []}, {"train": [], "test": []}
    for part, table in (("train", kind.train_list), ("test", kind.test_list)):
        for name, _ in table:
            images, drawn = _images(4, 3, 32, 32), RANDOM.integers(0, len(classes), 4).tolist()
            batch = {"data": images.reshape(4, 3072), labels_key: drawn}
            files[f"{kind.base_folder}/{name}"] = pickle.dumps(batch)
            pixels[part].append(images)
            labels[part] += drawn
    files[f"{kind.base_folder}/{kind.meta['filename']}"] = pickle.dumps({kind.meta["key"]: classes})
    return Source(files, np.concatenate(pixels["train"]), np.concatenate(pixels["test"]), labels)


def _patched_cifar(kind: type, labels_key: str, classes: list[str], patch: pytest.MonkeyPatch) -> Source:
    source = _cifar(kind, labels_key, classes)
    patch.setattr(kind, "train_list", source.sums(kind.train_list, kind.base_folder))
    patch.setattr(kind, "test_list", source.sums(kind.test_list, kind.base_folder))
    meta = source.files[f"{kind.base_folder}/{kind.meta['filename']}"]
    patch.setattr(kind, "meta", {**kind.meta, "md5": md5(meta)})
    patch.setattr(kind, "url", f"{CLOSED}/{kind.filename}")
    return source


def patched_svhn(patch: pytest.MonkeyPatch) -> Source:
    """MATLAB format: X is height x width x channel x image; y are the digits, with 10 for the digit 0."""
    images, files, table = {"train": _images(5, 3, 32, 32), "test": _images(3, 3, 32, 32)}, {}, {}
    labels = {"train": [0, 1, 9, 0, 5], "test": [3, 0, 2]}
    for part, pixels in images.items():
        packed = io.BytesIO()
        y = np.array([[label or 10] for label in labels[part]], np.uint8)
        scipy.io.savemat(packed, {"X": pixels.transpose(2, 3, 1, 0), "y": y})
        files[f"{part}_32x32.mat"] = packed.getvalue()
        table[part] = [f"{CLOSED}/{part}_32x32.mat", f"{part}_32x32.mat", md5(packed.getvalue())]
    patch.setattr(SVHN, "split_list", table)
    return Source(files, images["train"], images["test"], labels)


def _patched_mnist(kind: type, patch: pytest.MonkeyPatch) -> Source:
    """IDX format: a big-endian magic number and sizes, then the pixels row by row, or the labels."""
    images, files = {"train": _images(5, 1, 28, 28), "test": _images(3, 1, 28, 28)}, {}
    labels = {"train": [0, 1, 9, 0, 5], "test": [3, 0, 2]}
    for part, name in (("train", "train"), ("test", "t10k")):
        count = len(labels[part])
        header = struct.pack(">IIII", 0x803, count, 28, 28)
        files[f"{kind.__name__}/raw/{name}-images-idx3-ubyte"] = header + images[part].tobytes()
        header = struct.pack(">II", 0x801, count)
        files[f"{kind.__name__}/raw/{name}-labels-idx1-ubyte"] = header + bytes(labels[part])
    patch.setattr(kind, "mirrors", [f"{CLOSED}/"])
    return Source(files, images["train"], images["test"], labels)


def _patched_stl10(patch: pytest.MonkeyPatch) -> Source:
    """One plane per channel, stored column by column; labels start at 1."""
    images = {"train": _images(3, 3, 96, 96), "test": _images(2, 3, 96, 96)}
    labels, files = {"train": [0, 9, 4], "test": [1, 9]}, {"stl10_binary/unlabeled_X.bin": b"unused"}
    for part, pixels in images.items():
        files[f"stl10_binary/{part}_X.bin"] = pixels.transpose(0, 1, 3, 2).tobytes()
        files[f"stl10_binary/{part}_y.bin"] = bytes(label + 1 for label in labels[part])
    source = Source(files, images["train"], images["test"], labels)
    patch.setattr(STL10, "train_list", source.sums(STL10.train_list, "stl10_binary"))
    patch.setattr(STL10, "test_list", source.sums(STL10.test_list, "stl10_binary"))
    patch.setattr(STL10, "url", f"{CLOSED}/{STL10.filename}")
    return source


CLOTHES = "T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle_boot"
TEN, HUNDRED = [f"ten {index}" for index in range(10)], [f"hundred {index}" for index in range(100)]
# Function -> its tiny data set, its class names, the files of a manual download, and their subfolder.
SETS = {
    "cifar10": (partial(_patched_cifar, CIFAR10, "labels", TEN), TEN, ["cifar-10-python.tar.gz"], ""),
    "cifar100": (partial(_patched_cifar, CIFAR100, "fine_labels", HUNDRED), HUNDRED, ["cifar-100-python.tar.gz"], ""),
    "svhn": (patched_svhn, list("0123456789"), ["train_32x32.mat"], ""),
    "mnist": (
        partial(_patched_mnist, MNIST),
        list("0123456789"),
        ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
        "/MNIST/raw",
    ),
    "fashion_mnist": (
        partial(_patched_mnist, FashionMNIST),
        [name.replace("_", " ") for name in CLOTHES.split()],
        ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
        "/FashionMNIST/raw",
    ),
    "stl10": (
        _patched_stl10,
        ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"],
        ["stl10_binary.tar.gz"],
        "",
    ),
}
