"""Photographs of different sizes, in memory and from disk, cut as by torchvision."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch import Tensor

from ablate.backend.torchvision import torchvision  # noqa: F401
from ablate.data.image_folder import image_folder
from ablate.data.images import Images
from ablate.data.photographs import Photographs

SIZES = [(60, 90), (90, 60), (64, 64), (70, 200), (48, 50), (300, 77)]
SIZE = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/{china,flower}: a patch of each of `SIZES`, of two photographs."""
    root = tmp_path_factory.mktemp("aspects")
    for name, photo in zip(("china", "flower"), load_sample_images().images, strict=True):
        (root / "train" / name).mkdir(parents=True)
        for index, (height, width) in enumerate(SIZES):
            patch = photo[10 * index : 10 * index + height, 30 * index : 30 * index + width]
            Image.fromarray(patch).save(root / f"train/{name}/{index}.{'png' if index % 2 else 'jpg'}")
    return root


@pytest.fixture(scope="module", params=[1.0, 0.0], ids=["in memory", "streamed"])
def photographs(folder: Path, request: pytest.FixtureRequest) -> Photographs:
    images = image_folder(str(folder), SIZE, request.param, "train", "shorter").images
    assert isinstance(images, Photographs) and isinstance(images.mapped, np.memmap) == (request.param == 0)
    return images


def resized(folder: Path, index: int) -> Image.Image:
    """The photograph with its shorter side resized by torchvision."""
    from torchvision.transforms import Resize

    with Image.open(sorted(folder.glob("train/*/*"))[index]) as image:
        return Resize(int(SIZE / 0.875))(image.convert("RGB"))


def test_indexing_returns_the_center_crops_of_torchvision(photographs: Photographs, folder: Path) -> None:
    from torchvision.transforms.v2.functional import center_crop, pil_to_tensor

    expected = torch.stack([pil_to_tensor(center_crop(resized(folder, i), [SIZE, SIZE])) for i in range(12)])
    assert photographs.shape == expected.shape == (12, 3, SIZE, SIZE) and photographs.numel() == expected.numel()
    mask = torch.arange(12) % 3 == 0
    for index in (slice(None), slice(2, 9, 3), [5, 1, 1], torch.tensor([11, 0]), 4, mask, torch.tensor([[1, 2]]), []):
        assert torch.equal(photographs[index], expected[index])
    assert torch.equal(torch.stack(list(photographs)), expected)
    chosen = photographs.subset(torch.tensor([7, 3, 3]))
    assert torch.equal(chosen[:], expected[[7, 3, 3]]) and torch.equal(chosen[1:], expected[[3, 3]])


def test_the_sizes_are_those_of_the_resized_photographs(photographs: Photographs, folder: Path) -> None:
    assert [(w, h) for h, w in photographs.sizes.tolist()] == [resized(folder, i).size for i in range(12)]
    assert photographs.subset(torch.tensor([3])).sizes.tolist() == [[45, 45 * 200 // 70]]
    for index, whole in enumerate(photographs.whole()):
        assert np.array_equal(whole, np.asarray(resized(folder, index)))


def box(photographs: Photographs, seed: int) -> Tensor:
    """Random boxes inside the photographs, (N, 4)."""
    rng = np.random.default_rng(seed)
    sides = [[rng.integers(1, length + 1) for length in size] for size in photographs.sizes.tolist()]
    starts = [
        [rng.integers(0, length - side + 1) for length, side in zip(size, pair, strict=True)]
        for size, pair in zip(photographs.sizes.tolist(), sides, strict=True)
    ]
    return torch.tensor([start + side for start, side in zip(starts, sides, strict=True)])


def test_a_part_is_resized_as_by_torchvision(photographs: Photographs) -> None:
    from torchvision.transforms.v2.functional import resized_crop

    for seed in range(5):
        boxes = box(photographs, seed)
        cut = photographs.resized(boxes)
        for whole, (top, left, height, width), result in zip(photographs.whole(), boxes.tolist(), cut, strict=True):
            image = torch.from_numpy(whole.copy()).permute(2, 0, 1)
            assert torch.equal(result, resized_crop(image, top, left, height, width, [SIZE, SIZE], antialias=True))


def test_the_hash_covers_whole_photographs_and_their_sizes(photographs: Photographs) -> None:
    def hashed(stored: np.ndarray) -> str:
        return Images(Photographs(stored, 12, SIZE), torch.zeros(12, dtype=torch.int64), ("a",)).sha256()

    first = hashed(stored := np.array(photographs.mapped))
    (corner := stored.copy())[0] ^= 1  # outside the center crop
    (turned := stored.copy())[-16:] = stored[-16:].reshape(4, 4)[[1, 0, 3, 2]].ravel()  # height and width exchanged
    assert len({first, hashed(corner), hashed(turned)}) == 3 and hashed(stored) == first
