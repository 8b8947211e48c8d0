"""Photographs are resized and cropped as by torchvision, and their size is bounded."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from ablate.backend.torchvision import torchvision  # noqa: F401
from ablate.data.aspect import ASPECT, decode_center, decode_photograph, shorter_side
from ablate.terminal.errors import InputError
from tests.faults.memory import peak

PHOTO = load_sample_images().images[0]


@pytest.mark.parametrize(("height", "width"), [(427, 640), (300, 201), (101, 404), (50, 50), (20, 33)])
@pytest.mark.parametrize(("image_size", "crop_fraction"), [(64, 0.875), (48, 1.0), (33, 0.8)])
def test_the_center_is_that_of_torchvision(
    height: int, width: int, image_size: int, crop_fraction: float, tmp_path: Path
) -> None:
    from torchvision.transforms import CenterCrop, Compose, Resize

    Image.fromarray(PHOTO[:height, :width]).save(tmp_path / "photo.png")
    reference = Compose([Resize(math.floor(image_size / crop_fraction)), CenterCrop(image_size)])
    with Image.open(tmp_path / "photo.png") as image:
        expected = np.asarray(reference(image)).transpose(2, 0, 1)
    pixels, _ = decode_center(str(tmp_path / "photo.png"), image_size, crop_fraction)
    assert np.array_equal(pixels, expected)


def test_the_shorter_side_of_imagenet() -> None:
    assert shorter_side(224, 0.875) == 256


@pytest.mark.parametrize("crop_fraction", [0.4, 1.01, 1e-9, math.nan])
def test_a_crop_larger_than_the_image_or_of_a_tiny_part_is_refused(crop_fraction: float) -> None:
    with pytest.raises(InputError, match=r"data\.crop_fraction=.* must be at least 0\.5 and at most 1"):
        shorter_side(224, crop_fraction)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (3, 60_000), (2, 2), (1, 1), (700, 40)])
def test_the_size_of_a_long_image_is_bounded(size: tuple[int, int], tmp_path: Path) -> None:
    Image.new("RGB", size, (9, 8, 7)).save(tmp_path / "long.png")
    pixels, _ = decode_photograph(str(tmp_path / "long.png"), 32)
    assert min(pixels.shape[:2]) == 32 and max(pixels.shape[:2]) <= 32 * ASPECT
    assert (pixels.shape[0] > pixels.shape[1]) == (size[1] > size[0])
    assert (pixels == (9, 8, 7)).all()


def test_of_a_long_image_the_center_is_kept(tmp_path: Path) -> None:
    strip = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 10, 0).repeat(3, 2)
    Image.fromarray(strip).save(tmp_path / "long.png")
    pixels, _ = decode_photograph(str(tmp_path / "long.png"), 10)
    assert np.array_equal(pixels, strip[:, 80:120])


def test_the_exif_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # viewers rotate the image by 90 degrees clockwise
    Image.fromarray(PHOTO[:40, :80]).save(tmp_path / "photo.png", exif=exif)
    pixels, _ = decode_photograph(str(tmp_path / "photo.png"), 40)
    assert np.array_equal(pixels, np.rot90(PHOTO[:40, :80], -1))


@pytest.mark.parametrize(
    ("image", "color"),
    [
        (Image.new("CMYK", (16, 8), (0, 0, 0, 128)), (127, 127, 127)),
        (Image.new("RGBA", (16, 8), (100, 0, 200, 153)), (162, 102, 222)),
        (Image.fromarray(np.full((8, 16), 50 * 257, np.uint16)), (50, 50, 50)),
        (Image.new("RGB", (16, 8), (100, 50, 200)).quantize(4), (100, 50, 200)),
        (Image.new("L", (16, 8), 77), (77, 77, 77)),
    ],
    ids=["CMYK", "RGBA", "16 bits", "palette", "gray"],
)
def test_every_mode_is_decoded_to_its_color(image: Image.Image, color: tuple[int, int, int], tmp_path: Path) -> None:
    image.save(tmp_path / "image.tiff")
    pixels, _ = decode_photograph(str(tmp_path / "image.tiff"), 8)
    assert pixels.shape == (8, 16, 3) and np.abs(pixels.astype(int) - color).max() <= 1


@pytest.mark.integration
def test_an_image_of_30_megapixels_takes_its_pixels_and_a_copy(tmp_path: Path) -> None:
    Image.fromarray(np.resize(PHOTO, (5000, 6000, 3))).save(tmp_path / "large.jpg")
    Image.fromarray(PHOTO).save(tmp_path / "small.jpg")
    small, large = (
        peak(lambda name=name: decode_photograph(str(tmp_path / name), 256)) for name in ("small.jpg", "large.jpg")
    )
    assert large - small < 2.2 * 30e6 * 4 / 2**20  # Pillow stores 4 bytes per pixel
