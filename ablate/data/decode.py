"""Decode and resize one image file. Imported by worker processes, so without torch."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ablate.files.bounded import GIB, contents

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

LARGEST = GIB  # bytes of a file: PIL refuses images above 89 million pixels, which take 0.5 GiB with 3 x 16 bits
# Pillow runs PostScript, which is a program, in Ghostscript; an IPTC file contains another image of any format.
REFUSED = ("EPS", "IPTC")


def digest(path: str) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(contents(Path(path), LARGEST)).hexdigest()


def size(path: str) -> tuple[int, int]:
    """Return width and height of an image file in pixels, as stored. Reads only its header."""
    from PIL import Image

    with Image.open(path) as image:
        return image.size


def largest_value(path: str) -> int | None:
    """Return the largest pixel of a gray image file with more than 8 bits; None for other images."""
    from PIL import Image

    with Image.open(path) as image:
        return int(np.asarray(image).max()) if image.mode.startswith("I") else None


def decode(path: str, image_size: int, channels: Literal[1, 3] = 3) -> tuple[np.ndarray, str]:
    """Decode an image file and resize it to a square.

    The image is rotated by its EXIF orientation. Its aspect ratio is not kept. Of an animation, the first frame is
    used. The filter is PIL's bilinear one with antialiasing.

    Args:
        path: the file, read once.
        image_size: height and width of the result, in pixels.
        channels: 3 for RGB, 1 for grayscale.

    Returns:
        Pixels, uint8 (channels, image_size, image_size), and the SHA-256 of the file's bytes.

    Raises:
        ValueError: it is no image, or in one of the formats `REFUSED`.
        Exception: any other kind that PIL raises for a damaged file, or for a header with so many pixels that it
            suspects a decompression bomb; nothing is then unpacked.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    content = contents(Path(path), LARGEST)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(content))
        except UnidentifiedImageError:  # its message contains a memory address
            raise ValueError("not an image file" if content else "an empty file") from None
        with image:
            if image.format in REFUSED:
                raise ValueError(f"{image.format} files can run programs and are not read; save the image as PNG")
            upright = ImageOps.exif_transpose(image)
            resized = rgb(upright).resize((image_size, image_size), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized) if channels == 3 else np.asarray(resized.convert("L"))[..., None]
    return pixels.transpose(2, 0, 1), hashlib.sha256(content).hexdigest()


def rgb(image: "PILImage") -> "PILImage":
    """Convert an image to mode RGB: transparent pixels on white, as in viewers; 16 bits scaled to 8.

    Raises:
        ValueError: its pixels have no fixed range (float, or integers of more than 16 bits).
    """
    from PIL import Image

    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), opaque).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: "PILImage") -> np.ndarray:
    """Scale gray values from 0..65535 to uint8 (H, W); PIL's own conversion would clip them."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ValueError(f"pixels of mode {image.mode} have no fixed range; save the image with 8 or 16 bits")
    return np.rint(values / 257).astype(np.uint8)
