import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from ablate.data import download
from ablate.errors import InputError
from ablate.vision import torchvision

CIFAR10, CIFAR100, SVHN, MNIST, FashionMNIST, STL10 = (
    getattr(torchvision.datasets, name) for name in ("CIFAR10", "CIFAR100", "SVHN", "MNIST", "FashionMNIST", "STL10")
)
CLOSED = "http://127.0.0.1:9"  # the discard port: a connection is refused at once, with or without a network
RANDOM = np.random.default_rng(0)

# The files below are a few random images in each data set's own format, as its web page describes it. torchvision's
# tables of checksums are replaced by theirs, and its addresses by local ones; all else is torchvision as it is.


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _images(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


class Source:
    """A tiny data set in its own format: the files by name, and what must be read from them."""

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
        return [[name, _md5(self.files[f"{folder}/{name}"])] for name, _ in table]


def _cifar(kind: type, labels_key: str, classes: list[str]) -> Source:
    """Rows of 3072 bytes: 1024 red, 1024 green, 1024 blue, each a 32x32 plane row by row."""
    files, pixels, labels = {}, {"train": [], "test": []}, {"train": [], "test": []}
    for part, table in (("train", kind.train_list), ("test", kind.test_list)):
        for name, _ in table:
            images, known = _images(4, 3, 32, 32), RANDOM.integers(0, len(classes), 4).tolist()
            batch = {"data": images.reshape(4, 3072), labels_key: known}
            files[f"{kind.base_folder}/{name}"] = pickle.dumps(batch)
            pixels[part].append(images)
            labels[part] += known
    files[f"{kind.base_folder}/{kind.meta['filename']}"] = pickle.dumps({kind.meta["key"]: classes})
    return Source(files, np.concatenate(pixels["train"]), np.concatenate(pixels["test"]), labels)


def _patched_cifar(kind: type, labels_key: str, classes: list[str], patch: pytest.MonkeyPatch) -> Source:
    source = _cifar(kind, labels_key, classes)
    patch.setattr(kind, "train_list", source.sums(kind.train_list, kind.base_folder))
    patch.setattr(kind, "test_list", source.sums(kind.test_list, kind.base_folder))
    meta = source.files[f"{kind.base_folder}/{kind.meta['filename']}"]
    patch.setattr(kind, "meta", {**kind.meta, "md5": _md5(meta)})
    patch.setattr(kind, "url", f"{CLOSED}/{kind.filename}")
    return source


def _patched_svhn(patch: pytest.MonkeyPatch) -> Source:
    """MATLAB: X is height x width x channel x image, y the digits, the digit 0 written as 10."""
    images, files, table = {"train": _images(5, 3, 32, 32), "test": _images(3, 3, 32, 32)}, {}, {}
    labels = {"train": [0, 1, 9, 0, 5], "test": [3, 0, 2]}
    for part, pixels in images.items():
        packed = io.BytesIO()
        y = np.array([[label or 10] for label in labels[part]], np.uint8)
        scipy.io.savemat(packed, {"X": pixels.transpose(2, 3, 1, 0), "y": y})
        files[f"{part}_32x32.mat"] = packed.getvalue()
        table[part] = [f"{CLOSED}/{part}_32x32.mat", f"{part}_32x32.mat", _md5(packed.getvalue())]
    patch.setattr(SVHN, "split_list", table)
    return Source(files, images["train"], images["test"], labels)


def _patched_mnist(kind: type, patch: pytest.MonkeyPatch) -> Source:
    """IDX: big-endian magic number and sizes, then the pixels row by row; labels likewise."""
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
    """Planes column by column, one channel after the other; labels from 1."""
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
# Each function: its tiny data set, the classes it must name, and what to fetch by hand and where to.
SETS = {
    "cifar10": (partial(_patched_cifar, CIFAR10, "labels", TEN), TEN, ["cifar-10-python.tar.gz"], ""),
    "cifar100": (partial(_patched_cifar, CIFAR100, "fine_labels", HUNDRED), HUNDRED, ["cifar-100-python.tar.gz"], ""),
    "svhn": (_patched_svhn, list("0123456789"), ["train_32x32.mat"], ""),
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


@pytest.mark.parametrize("name", SETS)
def test_files_in_place_are_read_without_a_download(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, classes, _, _ = SETS[name]
    source = make(patch=monkeypatch)
    source.write(tmp_path / "data")
    monkeypatch.setenv("HOME", str(tmp_path))
    for part in ("train", "test"):
        images = getattr(download, name)("~/data", part)
        assert np.array_equal(images.images, source.pixels[part])
        assert images.labels.tolist() == source.labels[part]
        assert images.classes == tuple(classes)


@pytest.mark.parametrize("name", SETS)
def test_without_a_connection_it_says_what_to_put_where(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, _, files, subfolder = SETS[name]
    make(patch=monkeypatch)
    with pytest.raises(InputError, match=r"could not be downloaded \(.*refused") as error:
        getattr(download, name)(str(tmp_path), "train")
    for file in files:
        assert f"{CLOSED}/{file}" in str(error.value)
    assert f" into {tmp_path}{subfolder} yourself" in str(error.value)


@pytest.mark.parametrize("name", SETS)
def test_a_damaged_file_is_not_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SETS[name][0](patch=monkeypatch)
    damaged = next(name for name in source.files if "train" in name or "batch_1" in name)
    source.files[damaged] = source.files[damaged][:-1]
    source.write(tmp_path)
    with pytest.raises(InputError, match=f"is missing or damaged in {tmp_path}.*Delete what is damaged"):
        getattr(download, name)(str(tmp_path), "train")


def test_a_truncated_archive_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SETS["cifar10"][0](patch=monkeypatch)
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(source.archive()[:1000])
    with pytest.raises(InputError, match="CIFAR10 is missing or damaged"):
        download.cifar10(str(tmp_path), "train")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")  # a file in the way: unlike missing permissions, it also stops the superuser
    with pytest.raises(InputError, match=f"CIFAR10 is missing or damaged in {tmp_path}/file/data.*change data.root"):
        download.cifar10(str(tmp_path / "file" / "data"), "train")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """A web server on this machine: its address, its folder, and the files it was asked for."""
    asked: list[str] = []
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def send_head(self) -> object:
            asked.append(self.path)
            return super().send_head()

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", folder, asked
        running.shutdown()


def test_what_is_missing_is_downloaded_once_however_many_ask(
    server: tuple[str, Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, asked = server
    source = SETS["cifar10"][0](patch=monkeypatch)
    packed = source.archive()
    (folder / "cifar-10-python.tar.gz").write_bytes(packed)
    monkeypatch.setattr(CIFAR10, "tgz_md5", _md5(packed))
    monkeypatch.setattr(CIFAR10, "url", f"{address}/cifar-10-python.tar.gz")
    with ThreadPoolExecutor(3) as pool:
        got = list(pool.map(lambda _: download.cifar10(str(tmp_path / "data"), "train"), range(3)))
    for images in got:
        assert np.array_equal(images.images, source.pixels["train"])
    # torchvision asks twice for each download: where the address leads to, and then for the file.
    assert asked == ["/cifar-10-python.tar.gz"] * 2


def test_mnist_is_downloaded_and_unpacked(
    server: tuple[str, Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, _ = server
    source = SETS["mnist"][0](patch=monkeypatch)
    resources = []
    for name, content in source.files.items():
        packed = gzip.compress(content)
        (folder / f"{Path(name).name}.gz").write_bytes(packed)
        resources.append((f"{Path(name).name}.gz", _md5(packed)))
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setattr(MNIST, "mirrors", [f"{address}/"])
    assert np.array_equal(download.mnist(str(tmp_path / "data"), "test").images, source.pixels["test"])


def test_a_download_with_the_wrong_checksum_is_not_used(
    server: tuple[str, Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, _ = server
    _patched_svhn(monkeypatch)
    (folder / "train_32x32.mat").write_bytes(b"a page that says no")
    file = [f"{address}/train_32x32.mat", *SVHN.split_list["train"][1:]]
    monkeypatch.setattr(SVHN, "split_list", {"train": file})
    with pytest.raises(InputError, match=r"could not be downloaded.*corrupted"):
        download.svhn(str(tmp_path / "data"), "train")
