"""Corruptions against Pillow, NumPy and the definitions of the paper."""

import io
import math

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from ablate.data.corruptions import CORRUPTIONS, SEED, corrupt, named
from ablate.terminal.errors import InputError


def photographs(size: int, count: int = 3) -> np.ndarray:
    """Patches of a photograph, uint8 (count, 3, size, size)."""
    photo = load_sample_images().images[0]
    return np.stack([photo[:size, size * k : size * (k + 1)] for k in range(count)]).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("size", [32, 96])
def test_higher_severities_change_images_more(name, size):
    images = photographs(size)
    change = [np.square(corrupt(images, name, severity).astype(float) - images).mean() for severity in range(1, 6)]
    assert change[0] > 0 and change == sorted(change) and len(set(change)) == 5


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_is_corrupted_alike_in_any_batch_and_never_in_place(name, channels):
    images = photographs(32, 4)[:, :channels]
    before = images.copy()
    whole = corrupt(images, name, 3)
    assert whole.dtype == np.uint8 and whole.shape == images.shape
    parts = [corrupt(images[first : first + 2], name, 3, first) for first in (0, 2)]
    assert (np.concatenate(parts) == whole).all() and (images == before).all()


@pytest.mark.parametrize(("size", "quality"), [(32, 58), (96, 15)])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_pillows(size, quality, channels):
    images = photographs(size)[:, :channels]
    for image, other in zip(images, corrupt(images, "jpeg_compression", 3), strict=True):
        Image.fromarray(image.transpose(1, 2, 0).squeeze()).save(file := io.BytesIO(), "JPEG", quality=quality)
        decoded = np.asarray(Image.open(file)).reshape(size, size, channels)
        assert (decoded.transpose(2, 0, 1) == other).all()


def test_contrast_and_blur_by_hand():
    image = np.array([[[[0, 100], [100, 200]]]], np.uint8)  # mean 100
    assert corrupt(image, "contrast", 2).tolist() == [[[[50, 100], [100, 150]]]]
    spike = np.zeros((1, 1, 9, 9), np.uint8)
    spike[0, 0, 4, 4] = 255
    weights = np.exp(-np.square(np.arange(-4, 5)) / 2)  # sigma 1 of severity 5
    expected = np.outer(weights, weights) / weights.sum() ** 2
    assert np.abs(corrupt(spike, "gaussian_blur", 5)[0, 0] - 255 * expected).max() <= 1
    assert (corrupt(np.full((1, 3, 9, 9), 77, np.uint8), "gaussian_blur", 5) == 77).all()  # edges are repeated


@pytest.mark.parametrize(("severity", "scale"), [(1, 0.04), (5, 0.10)])
def test_noise_has_the_stated_standard_deviation_and_is_drawn_for_each_image(severity, scale):
    gray = np.full((50, 3, 32, 32), 128, np.uint8)
    noise = corrupt(gray, "gaussian_noise", severity).astype(float) - 127.5  # values are truncated
    assert noise.std() / 255 == pytest.approx(scale, rel=0.02) and abs(noise.mean()) < 0.3
    assert len({image.tobytes() for image in noise}) == 50
    by_hand = 128 / 255 + scale * np.random.default_rng([SEED, 7]).standard_normal((3, 32, 32))
    assert (corrupt(gray[:1], "gaussian_noise", severity, 7)[0] == (by_hand * 255).astype(np.uint8)).all()


def test_names():
    assert named(["jpeg", "noise", "jpeg_compression"]) == ["jpeg_compression", "gaussian_noise"]
    assert named(["blur", "all"]) == list(CORRUPTIONS)
    with pytest.raises(InputError, match=r"Unknown corruption 'contrats'. Did you mean contrast\?"):
        named(["contrats"])
    with pytest.raises(InputError, match="No corruption is named"):
        named([])
    with pytest.raises(InputError, match="these have 2"):
        corrupt(np.zeros((1, 2, 8, 8), np.uint8), "jpeg_compression", math.floor(1.5))
