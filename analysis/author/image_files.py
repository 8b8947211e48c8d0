"""The images of report.md: PNG, JPEG and SVG files inside the study folder."""

import io
import re
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from PIL import Image

from ablate.analysis.author import svg
from ablate.files import bounded
from ablate.terminal.errors import InputError

LARGEST = 16 * bounded.MIB  # of all images of a report.md
PIXELS = 20_000_000  # of all of them: each takes up to 9 bytes
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".svg": "SVG"}


class Room(NamedTuple):
    """What further images may take."""

    size: int = LARGEST
    pixels: int = PIXELS


def read(address: str, folder: Path, room: Room) -> tuple[str, bytes, Room]:
    """Read and check an image.

    Args:
        address: as in report.md: a path relative to `folder`.
        folder: the study; an image outside of it, also through a link, is refused.
        room: what the image may take.

    Returns:
        A file name that is unique to the content, the content, and the room for further images.

    Raises:
        InputError: there is no such image in the folder, or it cannot be shown. The text completes `The image X`.
    """
    if re.match(r"[a-z][a-z0-9+.-]*:|//", address, re.I):
        raise InputError("is not a file in the study folder")
    root = folder.resolve()
    try:
        path = (root / unquote(address)).resolve()
        if not path.is_relative_to(root):
            raise InputError("is outside the study folder")
        if path.suffix.lower() not in FORMATS:
            raise InputError("is not a PNG, JPEG or SVG file")
        if path.stat().st_size > room.size:
            raise InputError(f"is not shown, as images of more than {LARGEST // bounded.MIB} MiB in all are not read")
        content = bounded.contents(path, room.size)
    except FileNotFoundError:
        raise InputError("does not exist") from None
    except (OSError, ValueError, RuntimeError) as error:  # a folder, a pipe, a loop of links, a NUL in the name
        raise InputError(f"cannot be read ({getattr(error, 'strerror', None) or 'not a valid path'})") from None
    kind = FORMATS[path.suffix.lower()]
    pixels = svg.check(content, room.pixels, _pixels) if kind == "SVG" else _pixels(content, kind)
    if pixels > room.pixels:
        counted = f" (an element of an SVG file counts as {svg.ELEMENT})" if kind == "SVG" else ""
        raise InputError(f"is not shown, as it and the images above it have more than {PIXELS:,} pixels{counted}")
    _check_typst(content, suffix := kind.lower())
    name = f"{sha256(content).hexdigest()[:16]}.{suffix}"
    return name, content, Room(room.size - len(content), room.pixels - pixels)


def _pixels(content: bytes, kind: str) -> int:
    """Number of pixels of a PNG or JPEG image."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[kind]) as image:
                return image.width * image.height
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return PIXELS + 1
    except Exception:  # Pillow raises many types on a damaged file
        raise InputError(f"is not a valid {kind} file") from None


def _check_typst(content: bytes, suffix: str) -> None:
    """Compile a document with only this image, as one that Typst cannot read would prevent report.pdf."""
    import typst

    with tempfile.TemporaryDirectory() as folder:
        name, source = f"image.{suffix}", Path(folder, "main.typ")
        source.with_name(name).write_bytes(content)
        source.write_text(f'#image("{name}")', encoding="utf-8")
        try:
            typst.compile(source, ignore_system_fonts=True)
        except RuntimeError:
            raise InputError("is damaged") from None
