import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ablate.data import download
from ablate.terminal.errors import InputError
from tests.data.formats import CIFAR10, CLOSED, MNIST, SETS, SVHN, md5, patched_svhn


@pytest.mark.parametrize("name", SETS)
def test_existing_files_are_read_without_a_download(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_without_a_connection_the_error_explains_the_manual_download(
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
    with pytest.raises(InputError, match=f"is missing or damaged in {tmp_path}.*Delete damaged files"):
        getattr(download, name)(str(tmp_path), "train")


def test_a_truncated_archive_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SETS["cifar10"][0](patch=monkeypatch)
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(source.archive()[:1000])
    with pytest.raises(InputError, match="CIFAR10 is missing or damaged"):
        download.cifar10(str(tmp_path), "train")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")  # unlike missing permissions, a file in the way also stops root
    with pytest.raises(InputError, match=f"CIFAR10 is missing or damaged in {tmp_path}/file/data.*change data.root"):
        download.cifar10(str(tmp_path / "file" / "data"), "train")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """A web server on this machine: its address, its folder, and the paths requested so far."""
    requested: list[str] = []
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def send_head(self) -> object:
            requested.append(self.path)
            return super().send_head()

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", folder, requested
        running.shutdown()


def test_parallel_processes_download_a_missing_file_once(
    server: tuple[str, Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, requested = server
    source = SETS["cifar10"][0](patch=monkeypatch)
    packed = source.archive()
    (folder / "cifar-10-python.tar.gz").write_bytes(packed)
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(packed))
    monkeypatch.setattr(CIFAR10, "url", f"{address}/cifar-10-python.tar.gz")
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: download.cifar10(str(tmp_path / "data"), "train"), range(3)))
    for images in results:
        assert np.array_equal(images.images, source.pixels["train"])
    # torchvision sends two requests per download: to resolve redirects, then for the file.
    assert requested == ["/cifar-10-python.tar.gz"] * 2


def test_mnist_is_downloaded_and_unpacked(
    server: tuple[str, Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, _ = server
    source = SETS["mnist"][0](patch=monkeypatch)
    resources = []
    for name, content in source.files.items():
        packed = gzip.compress(content)
        (folder / f"{Path(name).name}.gz").write_bytes(packed)
        resources.append((f"{Path(name).name}.gz", md5(packed)))
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setattr(MNIST, "mirrors", [f"{address}/"])
    read = partial(download.mnist, str(tmp_path / "data"), "test")
    assert np.array_equal(read().images, source.pixels["test"])

    unpacked = tmp_path / "data/MNIST/raw/t10k-images-idx3-ubyte"
    flip(unpacked, -1)
    assert np.array_equal(read().images, source.pixels["test"])  # unpacked again
    flip(unpacked, -1)
    flip(unpacked.with_suffix(".gz"), 20)
    with pytest.raises(InputError, match="t10k-images-idx3-ubyte differs from its archive .* Delete both"):
        read()


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "svhn", "stl10"])
def test_a_flipped_byte_is_noticed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SETS[name][0](patch=monkeypatch)
    source.write(tmp_path)
    for path in source.files:
        flip(tmp_path / path, -1)
    with pytest.raises(InputError, match=f"is missing or damaged in {tmp_path}"):
        getattr(download, name)(str(tmp_path), "train")


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_a_download_with_the_wrong_checksum_is_not_used(
    server: tuple[str, Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, _ = server
    patched_svhn(monkeypatch)
    (folder / "train_32x32.mat").write_bytes(b"an error page")
    file = [f"{address}/train_32x32.mat", *SVHN.split_list["train"][1:]]
    monkeypatch.setattr(SVHN, "split_list", {"train": file})
    with pytest.raises(InputError, match=r"could not be downloaded.*corrupted"):
        download.svhn(str(tmp_path / "data"), "train")
