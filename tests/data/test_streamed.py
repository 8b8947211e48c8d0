import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ablate.data.image_folder import image_folder
from ablate.data.images import batched
from ablate.data.prepare import moments
from ablate.data.streamed import Streamed

# Reads a folder of images through a mapped cache and iterates over them. Prints their digest, by how many KiB that
# raised the peak memory of the process (which includes pages of mapped files), and their size in KiB.
PASS = """
import sys
import torch
from ablate.data.image_folder import image_folder
def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
before = peak()
images = image_folder(sys.argv[1], 512, float(sys.argv[2]), "train")
digest = images.sha256()
print(digest, peak() - before, len(images) * 3 * 512 ** 2 // 1024)
"""


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def mapped() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 3, 4, 4), np.uint8)


@pytest.mark.parametrize(
    "index", [0, -1, slice(2, 5), slice(None), torch.tensor([3, 0, 3]), np.array([6, 1]), torch.arange(7) > 4]
)
def test_indexing_is_that_of_a_tensor(mapped: np.ndarray, index: object) -> None:
    streamed, tensor, order = Streamed(mapped), torch.from_numpy(mapped), torch.tensor([6, 2, 2, 0, 1, 5, 4])
    assert torch.equal(streamed[index], tensor[index])
    assert torch.equal(streamed.subset(order)[index], tensor[order][index])
    assert torch.equal(streamed.subset(order).subset(order)[index], tensor[order][order][index])


def test_a_single_image_is_a_copy(mapped: np.ndarray) -> None:
    before = mapped.copy()
    Streamed(mapped)[0].fill_(7)
    assert np.array_equal(mapped, before)


def test_shape_and_statistics_are_those_of_a_tensor(mapped: np.ndarray) -> None:
    streamed, tensor = Streamed(mapped).subset(torch.tensor([1, 4])), torch.from_numpy(mapped)[[1, 4]]
    assert (streamed.shape, streamed.ndim, streamed.dtype) == (tensor.shape, tensor.ndim, tensor.dtype)
    assert (len(streamed), streamed.numel(), streamed.device) == (2, tensor.numel(), tensor.device)
    assert torch.equal(torch.stack(list(streamed)), tensor)
    assert torch.equal(torch.cat(list(batched(streamed))), tensor)
    assert moments(streamed) == moments(tensor)


def test_batches_are_on_the_requested_device(mapped: np.ndarray) -> None:
    moved = Streamed(mapped).to(torch.device("meta"))
    assert moved[:3].device.type == moved.subset(torch.tensor([1]))[0].device.type == "meta"


def test_images_above_the_memory_limit_are_mapped_and_identical(photo_folder: Path, cache_folder: Path) -> None:
    for part in ("train", "test"):
        in_memory = image_folder(str(photo_folder), 32, 1, part)
        assert isinstance(in_memory.images, torch.Tensor)
        for path in cache_folder.iterdir():
            path.unlink()
        for _ in range(2):  # decoded to disk, then read from the cache
            on_disk = image_folder(str(photo_folder), 32, 1e-6, part)
            assert isinstance(on_disk.images, Streamed)
            assert torch.equal(on_disk.images[:], in_memory.images) and torch.equal(on_disk.labels, in_memory.labels)
            assert on_disk.sha256() == in_memory.sha256()
        assert sorted(path.suffix for path in cache_folder.iterdir()) == [".key", ".npy"]


@pytest.mark.integration
def test_streamed_images_do_not_stay_in_memory(photo_folder: Path, cache_folder: Path) -> None:
    def reads(limit: float) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", PASS, str(photo_folder), str(limit)], check=True, capture_output=True, text=True
        )
        return done.stdout.split()

    in_memory = reads(1)
    for path in cache_folder.glob("*.npy"):
        path.unlink()
    first, again = reads(0.01), reads(0.01)  # decoded to disk, then read from the cache
    whole = int(first[2])
    assert whole == 120 * 3 * 256
    assert first[0] == again[0] == in_memory[0]
    assert int(in_memory[1]) - int(again[1]) > 0.8 * whole
