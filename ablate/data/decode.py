"""One image file -> pixels of a given size. Imported by worker processes, so without torch."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ablate.files.bounded import GIB, contents

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

LARGEST = GIB  # bytes of a file: 89 million pixels, which PIL draws the line at, with 16 bits a channel
# PostScript is a program, which PIL has Ghostscript run; IPTC holds another image, of any format.
REFUSED = ("EPS", "IPTC")


def digest(path: str) -> str:
    """SHA-256 of the file's bytes, in hexadecimal."""
    return hashlib.sha256(contents(Path(path), LARGEST)).hexdigest()


def size(path: str) -> tuple[int, int]:
    """Width and height, in pixels, of an image file as it is stored; of the file only the header is read."""
    from PIL import Image

    with Image.open(path) as image:
        return image.size


def decode(path: str, image_size: int, channels: Literal[1, 3] = 3) -> tuple[np.ndarray, str]:
    """The image file as uint8 (channels, image_size, image_size), RGB or grey, and its `digest`; it is read once.

    The image is upright as its EXIF says, its aspect ratio is not kept, and of an animation it is the first frame.
    Resized with PIL's bilinear filter, which averages over the source area (antialias). Raises whatever PIL raises if
    the file is not a whole image, or says that it is so large that PIL suspects an attack, which is before it is
    unpacked; ValueError for one of the formats that are `REFUSED`.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    content = contents(Path(path), LARGEST)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(content))
        except UnidentifiedImageError:  # whose own words name a place in memory
            raise ValueError("not an image file" if content else "an empty file") from None
        with image:
            if image.format in REFUSED:
                raise ValueError(f"{image.format} files are not read, as they can run programs; save the image as PNG")
            upright = ImageOps.exif_transpose(image)
            resized = rgb(upright).resize((image_size, image_size), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized) if channels == 3 else np.asarray(resized.convert("L"))[..., None]
    return pixels.transpose(2, 0, 1), hashlib.sha256(content).hexdigest()


def rgb(image: "PILImage") -> "PILImage":
    """The image in mode RGB: transparency on white, as viewers show it; 16 bits scaled to 8; grey three times.

    Raises ValueError for pixels without a fixed range (float, or integers beyond 16 bits).
    """
    from PIL import Image

    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), opaque).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: "PILImage") -> np.ndarray:
    """Grey of up to 16 bits, 0 to 65535, as uint8 (H, W), where PIL's own conversion would clip."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ValueError(f"pixels of mode {image.mode} have no fixed range; save the image with 8 or 16 bits")
    return np.rint(values / 257).astype(np.uint8)
