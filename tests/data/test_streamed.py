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

# Reads a folder of images through a mapped cache and goes over all of them; prints by how many KiB that has raised
# the most memory the process ever had, in which pages of mapped files count too.
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
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def mapped() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 3, 4, 4), np.uint8)


@pytest.mark.parametrize(
    "index", [0, -1, slice(2, 5), slice(None), torch.tensor([3, 0, 3]), np.array([6, 1]), torch.arange(7) > 4]
)
def test_an_index_gives_what_a_tensor_gives(mapped: np.ndarray, index: object) -> None:
    streamed, tensor, order = Streamed(mapped), torch.from_numpy(mapped), torch.tensor([6, 2, 2, 0, 1, 5, 4])
    assert torch.equal(streamed[index], tensor[index])
    assert torch.equal(streamed.subset(order)[index], tensor[order][index])
    assert torch.equal(streamed.subset(order).subset(order)[index], tensor[order][order][index])


def test_one_image_is_a_copy_too(mapped: np.ndarray) -> None:
    before = mapped.copy()
    Streamed(mapped)[0].fill_(7)
    assert np.array_equal(mapped, before)


def test_its_measures_are_those_of_a_tensor(mapped: np.ndarray) -> None:
    streamed, tensor = Streamed(mapped).subset(torch.tensor([1, 4])), torch.from_numpy(mapped)[[1, 4]]
    assert (streamed.shape, streamed.ndim, streamed.dtype) == (tensor.shape, tensor.ndim, tensor.dtype)
    assert (len(streamed), streamed.numel(), streamed.device) == (2, tensor.numel(), tensor.device)
    assert torch.equal(torch.stack(list(streamed)), tensor)
    assert torch.equal(torch.cat(list(batched(streamed))), tensor)
    assert moments(streamed) == moments(tensor)


def test_batches_come_on_the_device_asked_for(mapped: np.ndarray) -> None:
    there = Streamed(mapped).to(torch.device("meta"))
    assert there[:3].device.type == there.subset(torch.tensor([1]))[0].device.type == "meta"


def test_images_over_the_limit_are_mapped_and_the_same(photo_folder: Path, own_cache: Path) -> None:
    for part in ("train", "test"):
        inside = image_folder(str(photo_folder), 32, 1, part)
        assert isinstance(inside.images, torch.Tensor)
        for path in own_cache.iterdir():
            path.unlink()
        for _ in range(2):  # decoded to disk, then found there
            outside = image_folder(str(photo_folder), 32, 1e-6, part)
            assert isinstance(outside.images, Streamed)
            assert torch.equal(outside.images[:], inside.images) and torch.equal(outside.labels, inside.labels)
            assert outside.sha256() == inside.sha256()
        assert sorted(path.suffix for path in own_cache.iterdir()) == [".key", ".npy"]


@pytest.mark.integration
def test_streamed_images_do_not_fill_the_memory(photo_folder: Path, own_cache: Path) -> None:
    def reads(limit: float) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", PASS, str(photo_folder), str(limit)], check=True, capture_output=True, text=True
        )
        return done.stdout.split()

    inside = reads(1)
    for path in own_cache.glob("*.npy"):
        path.unlink()
    first, again = reads(0.01), reads(0.01)  # decoded to disk, then found there
    whole = int(first[2])
    assert whole == 120 * 3 * 256
    assert first[0] == again[0] == inside[0]
    assert int(inside[1]) - int(again[1]) > 0.8 * whole
