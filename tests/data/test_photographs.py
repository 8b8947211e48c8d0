"""Photographs of different sizes, in memory and from disk, cut as by torchvision."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ablate.backend.torchvision import torchvision  # noqa: F401
from ablate.data.image_folder import image_folder
from ablate.data.images import Images
from ablate.data.photographs import Photographs
from ablate.terminal.errors import InputError

SIZE = 40


@pytest.fixture(scope="module", params=[1.0, 0.0], ids=["in memory", "streamed"])
def photographs(aspect_folder: Path, request: pytest.FixtureRequest) -> Photographs:
    images = image_folder(str(aspect_folder), SIZE, request.param, "train", "shorter").images
    assert isinstance(images, Photographs) and isinstance(images.mapped, np.memmap) == (request.param == 0)
    return images


def resized(folder: Path, index: int) -> Image.Image:
    """The photograph with its shorter side resized by torchvision."""
    from torchvision.transforms import Resize

    with Image.open(sorted(folder.glob("train/*/*"))[index]) as image:
        return Resize(int(SIZE / 0.875))(image.convert("RGB"))


def test_indexing_returns_the_center_crops_of_torchvision(photographs: Photographs, aspect_folder: Path) -> None:
    from torchvision.transforms.v2.functional import center_crop, pil_to_tensor

    expected = torch.stack([pil_to_tensor(center_crop(resized(aspect_folder, i), [SIZE, SIZE])) for i in range(12)])
    assert photographs.shape == expected.shape == (12, 3, SIZE, SIZE) and photographs.numel() == expected.numel()
    mask = torch.arange(12) % 3 == 0
    for index in (slice(None), slice(2, 9, 3), [5, 1, 1], torch.tensor([11, 0]), 4, mask, torch.tensor([[1, 2]]), []):
        assert torch.equal(photographs[index], expected[index])
    assert torch.equal(torch.stack(list(photographs)), expected)
    chosen = photographs.subset(torch.tensor([7, 3, 3]))
    assert torch.equal(chosen[:], expected[[7, 3, 3]]) and torch.equal(chosen[1:], expected[[3, 3]])


def test_the_sizes_are_those_of_the_resized_photographs(photographs: Photographs, aspect_folder: Path) -> None:
    assert [(w, h) for h, w in photographs.sizes.tolist()] == [resized(aspect_folder, i).size for i in range(12)]
    assert photographs.subset(torch.tensor([3])).sizes.tolist() == [[45, 45 * 200 // 70]]
    for index, whole in enumerate(photographs.whole()):
        assert np.array_equal(whole, np.asarray(resized(aspect_folder, index)))


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


ODD = {
    "wide.png": Image.new("RGB", (5000, 1), "red"),
    "tall.png": Image.new("RGB", (1, 5000), "red"),
    "cmyk.jpg": Image.new("CMYK", (90, 60), (0, 255, 255, 0)),
    "palette.gif": Image.new("RGB", (90, 60), "red").quantize(8),
    "gray.png": Image.fromarray(np.full((60, 90), 65535, np.uint16)),
    "turned.jpg": Image.new("RGB", (90, 60), "red"),
    "pixel.bmp": Image.new("RGB", (1, 1), "red"),
}


def test_odd_images_are_photographs_like_others(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    for name, image in ODD.items():
        for part in "ab":
            (tmp_path / "train" / part).mkdir(parents=True, exist_ok=True)
            options = {"exif": exif} if name == "turned.jpg" else {}
            image.save(tmp_path / "train" / part / name, **options)
    images = image_folder(str(tmp_path), 16, 1, "train", "shorter", 1.0).images
    assert isinstance(images, Photographs)
    sizes = dict(zip(sorted(ODD), images.sizes.tolist(), strict=False))
    assert sizes == {
        **{"cmyk.jpg": [16, 24], "gray.png": [16, 24], "palette.gif": [16, 24], "pixel.bmp": [16, 16]},
        **{"tall.png": [64, 16], "turned.jpg": [24, 16], "wide.png": [16, 64]},
    }
    colors = dict(zip(sorted(ODD), images[:7].float().mean((2, 3)).tolist(), strict=True))
    for name, color in colors.items():
        assert np.abs(np.array(color) - ([255] * 3 if name == "gray.png" else [255, 0, 0])).max() <= 2, name


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "text.jpg", "empty.png", "bomb.png"])
def test_an_unreadable_file_is_named(name: str, tmp_path: Path) -> None:
    for part in "ab":
        (tmp_path / "train" / part).mkdir(parents=True)
        Image.effect_noise((90, 60), 40).convert("RGB").save(tmp_path / "train" / part / "1.png")
    path = tmp_path / "train/b" / name
    Image.effect_noise((90, 60), 40).convert("RGB").save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = (60_000).to_bytes(4) * 2 if name == "bomb.png" else content[16:24]
    kept = {"text.jpg": b"no image", "empty.png": b"", "bomb.png": bytes(content)}
    path.write_bytes(kept.get(name, bytes(content[: len(content) // 2])))
    with pytest.raises(InputError, match=rf"1 of 3 files cannot be read as images: {path} \(.*Replace or remove it"):
        image_folder(str(tmp_path), 16, 1, "train", "shorter")
