"""Patches of real photographs and changed copies of them."""

import io
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from PIL.Image import Image as PILImage
from sklearn.datasets import load_sample_images
from torch import Tensor

from ablate.data.near_duplicates import near_duplicates

SIDE = 64


@pytest.fixture(scope="module")
def patches() -> list[PILImage]:
    """Different parts of two photographs that show more than sky."""
    photos = load_sample_images().images
    places = [(y, x) for y in range(0, 427 - SIDE, SIDE) for x in range(0, 640 - SIDE, SIDE)]
    all_of = [photo[y : y + SIDE, x : x + SIDE] for photo in photos for y, x in places]
    return [Image.fromarray(patch) for patch in all_of if patch.std() > 20]


def _pixels(images: list[PILImage]) -> Tensor:
    resized = [np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for image in images]
    return torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2)


def _encoded(image: PILImage, quality: int) -> PILImage:
    image.save(content := io.BytesIO(), "JPEG", quality=quality)
    return Image.open(content)


CHANGES: dict[str, tuple[Callable[[PILImage], PILImage], float]] = {
    "none": (lambda image: image, 1.0),
    "JPEG, quality 90": (lambda image: _encoded(image, 90), 0.95),
    "JPEG, quality 50": (lambda image: _encoded(image, 50), 0.8),
    "half the size": (lambda image: image.resize((32, 32)), 0.95),
    "brighter": (lambda image: ImageEnhance.Brightness(image).enhance(1.2), 0.85),
    "less contrast": (lambda image: ImageEnhance.Contrast(image).enhance(0.8), 0.95),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found_and_other_images_are_not(patches: list[PILImage], change: str) -> None:
    changed, least = CHANGES[change]
    count = len(patches)
    pairs = near_duplicates([_pixels(patches), _pixels([changed(image) for image in patches])])
    assert (pairs[:, 0] < count).all() and (pairs[:, 1] == pairs[:, 0] + count).all()
    assert count > 70 and len(pairs) >= least * count


def test_other_images_are_no_near_duplicates(patches: list[PILImage]) -> None:
    turned = [image.transpose(Image.Transpose.ROTATE_90) for image in patches]
    assert near_duplicates([_pixels(patches), _pixels(turned)]).shape == (0, 2)


def test_gray_images_of_other_sizes_and_single_images() -> None:
    noise = torch.randint(0, 256, (3, 1, 20, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert near_duplicates([noise, noise[1:2]]).tolist() == [[1, 3]]
    assert near_duplicates([noise[:1]]).tolist() == []


@pytest.mark.slow
@pytest.mark.integration
def test_time_grows_about_linearly() -> None:
    def seconds(count: int) -> float:
        images = torch.randint(0, 256, (count, 1, 16, 16), dtype=torch.uint8)
        began = time.process_time()
        near_duplicates([images])
        return time.process_time() - began

    seconds(1000)
    assert seconds(64_000) < 8 * seconds(16_000)
