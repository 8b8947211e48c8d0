"""Decode and resize one image file. Imported by worker processes, so without torch."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ablate.data.image_tags import check, check_tags
from ablate.files.bounded import MIB, contents

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

LARGEST = 128 * MIB  # bytes of a file
PIXELS = 50_000_000  # of an image, each of up to 4 bytes
BAND = 1_000_000  # pixels that are converted at a time
# The formats of images that people train on. Pillow reads others too, by libraries and programs that allocate what a
# header states, or run what a file contains (PostScript).
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SIDE = 65_535  # pixels, the most that JPEG has
STRIP = 64 * MIB  # bytes of a strip or tile of a TIFF file, which its decoder allocates
# TIFF tags.
BITS, SAMPLES, ROWS, TILE_WIDTH, TILE_HEIGHT = 258, 277, 278, 322, 323
ORIENTATION = 274
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
         8: "ROTATE_90"}  # fmt: skip  # what undoes an orientation


def digest(path: str) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(contents(Path(path), LARGEST)).hexdigest()


def size(path: str) -> tuple[int, int]:
    """Return width and height of an image file in pixels, as stored. Decodes no pixels. Raises as `decode` does."""
    with _opened(contents(Path(path), LARGEST)) as image:
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
        ValueError: it is no image of one of the formats `FORMATS`, or has more than `PIXELS` pixels.
        Exception: any other kind that PIL raises for a damaged file.
    """
    from PIL import Image

    image, sha256 = read(path)
    resized = image.resize((image_size, image_size), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized) if channels == 3 else np.asarray(resized.convert("L"))[..., None]
    return pixels.transpose(2, 0, 1), sha256


def read(path: str) -> tuple["PILImage", str]:
    """Read an image file: mode RGB, upright, and the SHA-256 of the file's bytes. Raises as `decode` does."""
    content = contents(Path(path), LARGEST)
    sha256 = hashlib.sha256(content).hexdigest()
    with _opened(content) as image:
        del content  # Pillow lets go of its copy once it has the pixels
        return rgb(_upright(image)), sha256


def _upright(image: "PILImage") -> "PILImage":
    """Decode an image and rotate it by its EXIF orientation."""
    from PIL import Image

    image.load()
    profile = "\n".join(str(image.info.get("Raw profile type exif", "")).split("\n")[3:])
    check_tags(image.info.get("exif") or bytes.fromhex(profile))
    turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    return image.transpose(Image.Transpose[turn]) if turn else image


def _opened(content: bytes) -> "PILImage":
    """Open an image and check its format and size; its pixels are not decoded yet."""
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # of more than `PIXELS`
        try:
            check(content)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except UnidentifiedImageError:  # its message contains a memory address
            known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
            raise ValueError(f"not a {known} image" if content else "an empty file") from None
    if image.width * image.height > PIXELS or max(image.size) > SIDE:
        raise ValueError(f"{image.width} x {image.height} pixels, more than the limit of {PIXELS:,}; reduce its size")
    if image.format == "TIFF":
        _check_strips(image)
    return image


def _check_strips(image: Any) -> None:
    """Raise ValueError if the strips or tiles of a TIFF file are larger than the image, or than `STRIP`."""
    tags = image.tag_v2
    samples, bits = tags.get(SAMPLES, 1), max(np.atleast_1d(tags.get(BITS, 1)))
    height = tags.get(TILE_HEIGHT, min(tags.get(ROWS, image.height), image.height))
    size = tags.get(TILE_WIDTH, image.width) * height * samples * bits // 8
    if size > STRIP:
        raise ValueError(f"its strips or tiles have {size:,} bytes, more than the limit of {STRIP:,}; save it as PNG")


def rgb(image: "PILImage") -> "PILImage":
    """Convert an image to mode RGB: transparent pixels on white, as in viewers; 16 bits scaled to 8.

    Raises:
        ValueError: its pixels have no fixed range (float, or integers of more than 16 bits).
    """
    from PIL import Image

    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    result = Image.new("RGB", image.size)
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):  # in bands, so that only the image and the result are in memory
        box = (0, top, image.width, min(top + rows, image.height))
        result.paste(_rgb(image.crop(box)), box)
    return result


def _rgb(image: "PILImage") -> "PILImage":
    """Convert a band of an image."""
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
