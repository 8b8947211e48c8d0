"""Decode one image file at its own aspect ratio. Imported by worker processes, so without torch."""

import math

import numpy as np

from ablate.data.decode import read
from ablate.terminal.errors import InputError

ASPECT = 4  # the longer side, in shorter sides, of which no more is kept


def decode_photograph(path: str, side: int) -> tuple[np.ndarray, str]:
    """Decode an image file and resize its shorter side, as torchvision's `Resize(side)`.

    Of an image whose longer side is more than `ASPECT` times the shorter one, only the central part of this aspect
    ratio is kept, so that the size of the result is bounded. Otherwise as `decode`.

    Args:
        path: the file, read once.
        side: length of the shorter side of the result, in pixels.

    Returns:
        Pixels, uint8 (height, width, 3), and the SHA-256 of the file's bytes.
    """
    from PIL import Image

    image, sha256 = read(path)
    shorter = min(image.size)
    width, height = (min(length, ASPECT * shorter) for length in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    resized = image.resize(
        (side * width // shorter, side * height // shorter),
        Image.Resampling.BILINEAR,
        box=(left, top, left + width, top + height),
    )
    return np.asarray(resized), sha256


def decode_center(path: str, image_size: int, crop_fraction: float) -> tuple[np.ndarray, str]:
    """Decode an image file, resize its shorter side and crop the center: an image as in validation.

    Returns:
        Pixels, uint8 (3, image_size, image_size), and the SHA-256 of the file's bytes.
    """
    pixels, sha256 = decode_photograph(path, shorter_side(image_size, crop_fraction))
    top, left = (center(length, image_size) for length in pixels.shape[:2])
    return pixels[top : top + image_size, left : left + image_size].transpose(2, 0, 1), sha256


def shorter_side(image_size: int, crop_fraction: float) -> int:
    """Shorter side to which an image is resized before its center is cropped, in pixels: 256 for 224 and 0.875.

    Raises:
        InputError: the fraction is not between 0.5 and 1.
    """
    if not 0.5 <= crop_fraction <= 1:
        raise InputError(f"data.crop_fraction={crop_fraction} must be at least 0.5 and at most 1.")
    return math.floor(image_size / crop_fraction)


def center(length: int, image_size: int) -> int:
    """Start of a central crop, in pixels, as in torchvision's `CenterCrop`."""
    return round((length - image_size) / 2)
