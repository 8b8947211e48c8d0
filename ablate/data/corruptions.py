"""Corruptions of test images with severities 1 to 5, as in CIFAR-10-C and ImageNet-C (Hendrycks and Dietterich 2019).

Images of up to `SMALL` pixels a side get the severities of CIFAR-10-C, larger ones those of ImageNet-C. Pixels are
computed in [0, 1] and truncated to uint8, as in the code of the paper. Noise is drawn from a generator that depends on
the position of the image alone: it is the same for all runs and batch sizes, and for all severities but for its scale.
"""

import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

SMALL = 64  # pixels
SEVERITIES = (1, 2, 3, 4, 5)
SEED = 2019  # of the noise
CLEAN = "clean"  # the condition of the images that were not corrupted


class Corruption(NamedTuple):
    """A corruption: (images, uint8 (N, C, H, W); its parameter; position of the first image) -> uint8 (N, C, H, W).

    `small` and `large` are the parameters of the five severities.
    """

    apply: Callable[[np.ndarray, float, int], np.ndarray]
    small: tuple[float, ...]
    large: tuple[float, ...]


def gaussian_noise(images: np.ndarray, scale: float, first: int) -> np.ndarray:
    """Add normal noise with a standard deviation of `scale`."""
    noise = [np.random.default_rng([SEED, first + place]).standard_normal(images.shape[1:]) for place in
             range(len(images))]  # fmt: skip
    return _to_uint8(images / 255 + scale * np.stack(noise))


def gaussian_blur(images: np.ndarray, sigma: float, first: int) -> np.ndarray:
    """Blur with a Gaussian of `sigma` pixels, cut off at 4 sigma; edge pixels are repeated."""
    from scipy.ndimage import gaussian_filter

    return _to_uint8(gaussian_filter(images / 255, (0, 0, sigma, sigma), mode="nearest"))


def contrast(images: np.ndarray, factor: float, first: int) -> np.ndarray:
    """Multiply the difference from the mean color of the image by `factor`."""
    means = (images / 255).mean((2, 3), keepdims=True)
    return _to_uint8((images / 255 - means) * factor + means)


def jpeg_compression(images: np.ndarray, quality: float, first: int) -> np.ndarray:
    """Compress with Pillow's JPEG encoder. Images have one channel (gray) or three (RGB)."""
    from PIL import Image

    decoded = []
    for image in images.transpose(0, 2, 3, 1):
        gray = image.shape[2] == 1
        Image.fromarray(image[..., 0] if gray else image).save(file := io.BytesIO(), "JPEG", quality=int(quality))
        with Image.open(file) as compressed:
            decoded.append(np.asarray(compressed).reshape(image.shape))
    return np.ascontiguousarray(np.stack(decoded).transpose(0, 3, 1, 2))


CORRUPTIONS = {
    "gaussian_noise": Corruption(gaussian_noise, (0.04, 0.06, 0.08, 0.09, 0.10), (0.08, 0.12, 0.18, 0.26, 0.38)),
    "gaussian_blur": Corruption(gaussian_blur, (0.4, 0.6, 0.7, 0.8, 1), (1, 2, 3, 4, 6)),
    "contrast": Corruption(contrast, (0.75, 0.5, 0.4, 0.3, 0.15), (0.4, 0.3, 0.2, 0.1, 0.05)),
    "jpeg_compression": Corruption(jpeg_compression, (80, 65, 58, 50, 40), (25, 18, 15, 10, 7)),
}


SHORT = {"noise": "gaussian_noise", "blur": "gaussian_blur", "jpeg": "jpeg_compression"}


def named(names: Sequence[str]) -> list[str]:
    """The corruptions of these names or short names, without duplicates; `all` is all of them.

    Raises:
        InputError: a name is unknown, or there is none.
    """
    known, names = [*CORRUPTIONS, "all"], [SHORT.get(name, name) for name in names]
    if not names:
        raise InputError(f"No corruption is named. They are {', '.join(known)}.")
    for name in names:
        if name not in known:
            raise InputError(
                f"Unknown corruption {name!r:.80}.{did_you_mean(name, known)} They are {', '.join(known)}."
            )
    return list(dict.fromkeys(CORRUPTIONS if "all" in names else names))


def corrupt(images: np.ndarray, name: str, severity: int, first: int = 0) -> np.ndarray:
    """Corrupt images.

    Args:
        images: uint8 (N, C, H, W).
        name: one of `CORRUPTIONS`.
        severity: 1 to 5.
        first: position of the first image in its set.

    Returns:
        uint8 (N, C, H, W)

    Raises:
        InputError: JPEG has no such number of channels.
    """
    corruption, channels = CORRUPTIONS[name], images.shape[1]
    if name == "jpeg_compression" and channels not in (1, 3):
        raise InputError(f"jpeg_compression is for images with 1 or 3 channels, and these have {channels}.")
    parameters = corruption.small if max(images.shape[2:]) <= SMALL else corruption.large
    return corruption.apply(images, parameters[severity - 1], first)


def _to_uint8(pixels: np.ndarray) -> np.ndarray:
    """Pixels in [0, 1] as uint8."""
    return (pixels.clip(0, 1) * 255).astype(np.uint8)
