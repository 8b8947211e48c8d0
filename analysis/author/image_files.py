"""The images of report.md: PNG, JPEG and SVG files inside the study folder."""

import io
import re
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

from ablate.files import bounded
from ablate.terminal.errors import InputError

LARGEST = 10 * bounded.MIB
PIXELS = 40_000_000
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".svg": "SVG"}
# An SVG that loads other files, has code, or defines entities, which can expand to gigabytes.
UNSAFE_SVG = re.compile(rb"<!DOCTYPE|<!ENTITY|<\?xml-stylesheet|<script|<foreignObject|@import"
                        rb"|href\s*=\s*[\"'](?!#|data:image/)|url\(\s*[\"']?(?!#)", re.I)  # fmt: skip


def read(address: str, folder: Path) -> tuple[str, bytes]:
    """Read and check an image.

    Args:
        address: as in report.md: a path relative to `folder`.
        folder: the study; an image outside of it, also through a link, is refused.

    Returns:
        A file name that is unique to the content, and the content.

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
        if path.stat().st_size > LARGEST:
            raise InputError(f"is larger than {LARGEST // bounded.MIB} MiB")
        content = bounded.contents(path, LARGEST)
    except FileNotFoundError:
        raise InputError("does not exist") from None
    except (OSError, ValueError, RuntimeError) as error:  # a folder, a pipe, a loop of links, a NUL in the name
        raise InputError(f"cannot be read ({getattr(error, 'strerror', None) or 'not a valid path'})") from None
    kind = FORMATS[path.suffix.lower()]
    (_check_svg if kind == "SVG" else _check_pixels)(content, kind)
    _check_typst(content, suffix := kind.lower())
    return f"{sha256(content).hexdigest()[:16]}.{suffix}", content


def _check_pixels(content: bytes, kind: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[kind]) as image:
                width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        width = height = PIXELS
    except Exception:  # Pillow raises many types on a damaged file
        raise InputError(f"is not a valid {kind} file") from None
    if width * height > PIXELS:
        raise InputError(f"has more than {PIXELS:,} pixels")


def _check_svg(content: bytes, kind: str) -> None:
    text = content.replace(b"\0", b"")  # so that UTF-16 is checked as well
    if UNSAFE_SVG.search(text):
        raise InputError("is an SVG file that loads other files, has code or defines entities")


def _check_typst(content: bytes, suffix: str) -> None:
    """Compile a document with only this image, as one that Typst cannot read would prevent report.pdf."""
    import typst

    with tempfile.TemporaryDirectory() as folder:
        name, source = f"image.{suffix}", Path(folder, "main.typ")
        source.with_name(name).write_bytes(content)
        source.write_text(f'#image("{name}")')
        try:
            typst.compile(source, ignore_system_fonts=True)
        except RuntimeError:
            raise InputError("is damaged") from None
