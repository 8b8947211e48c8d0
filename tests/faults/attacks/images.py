"""Images of many pixels, tags, strips or tiles, and in formats that are not read."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

from tests.faults.attacks import MIB, Attack


def png(width: int, height: int, mode: str = "L", **options: Any) -> bytes:
    Image.new(mode, (width, height)).save(content := io.BytesIO(), "png", **options)
    return content.getvalue()


def tags(count: int, size: int) -> bytes:
    """TIFF data of so many tags, which all have the same bytes."""
    entries = b"".join(struct.pack("<HHLL", 1000 + n, 7, size, 0) for n in range(count))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(4) + bytes(max(0, size - 12 * count))


def jpeg(marker: int, data: bytes) -> bytes:
    """A JPEG file with this data in segments, as Pillow joins them."""
    Image.new("RGB", (8, 8)).save(content := io.BytesIO(), "jpeg")
    head, name = content.getvalue(), b"Exif\0\0" if marker == 0xE1 else b"MPF\0"
    parts = [data[start : start + 65_000] for start in range(0, len(data), 65_000)]
    segments = [struct.pack(">BBH", 255, marker, len(name) + len(part) + 2) + name + part for part in parts]
    return head[:2] + b"".join(segments) + head[20:]  # without JFIF's resolution, for which Pillow then asks EXIF


def tiff(**options: Any) -> bytes:
    Image.new("RGB", (64, 64)).save(content := io.BytesIO(), "tiff", **options)
    return content.getvalue()


def tiff_tag(content: bytes, tag: int, value: int) -> bytes:
    """A TIFF file with another value, a LONG, of a tag that it has."""
    (start,) = struct.unpack_from("<L", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    changed = bytearray(content)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", content, at)[0] == tag:
            struct.pack_into("<HHLL", changed, at, tag, 4, 1, value)
    return bytes(changed)


def tiled(tile: int) -> bytes:
    """A deflated TIFF file of one gray pixel, in a tile of this width and height."""
    data = zlib.compress(bytes(tile * tile), 9)
    values = {256: 1, 257: 1, 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile, 324: 8, 325: len(data)}
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in values.items())
    return b"II*\0" + struct.pack("<L", 8 + len(data)) + data + struct.pack("<H", len(values)) + entries + bytes(4)


def many_strips(count: int) -> bytes:
    """An uncompressed TIFF file of one row with so many strips."""
    values = {
        256: (1, 1),
        257: (1, 1),
        258: (1, 8),
        259: (1, 1),
        262: (1, 1),
        273: (count, 8),
        277: (1, 1),
        278: (1, 1),
    }
    start = 8 + 2 * count
    entries = b"".join(struct.pack("<HHLL", tag, 3 if n > 1 else 4, n, value) for tag, (n, value) in values.items())
    return b"II*\0" + struct.pack("<L", start) + bytes(2 * count) + struct.pack("<H", len(values)) + entries + bytes(4)


def fits(side: int) -> bytes:
    cards = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2",
             f"NAXIS1  = {side:20}", f"NAXIS2  = {side:20}", "END")  # fmt: skip
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880)


def other_format(name: str) -> Attack:
    def attack(_: bytes) -> bytes:
        Image.new("RGB", (64, 64)).save(content := io.BytesIO(), name)
        return content.getvalue()

    return attack


IMAGES: dict[str, Attack] = {
    "as many pixels as are allowed": lambda _: png(7000, 7000, "RGBA"),
    "as many gray pixels": lambda _: png(7000, 7000, "L"),
    "a palette with transparency": lambda _: png(7000, 7000, "P", transparency=0),
    "one column": lambda _: png(1, 60_000, "LA"),
    "too many pixels": lambda _: png(9000, 9000),
    "a long row": lambda _: png(40_000_000, 1),
    "two copies of 16 bits": lambda _: png(7000, 7000, "I;16"),
    "tags that share their bytes": lambda _: tags(5000, 3 * MIB),
    "EXIF tags that share their bytes": lambda _: jpeg(0xE1, tags(5000, 64_000)),
    "EXIF over segments": lambda _: jpeg(0xE1, tags(5000, 3 * MIB)),
    "pictures that share their bytes": lambda _: jpeg(0xE2, tags(5000, 60_010)),
    "EXIF in PNG": lambda _: png(8, 8, exif=tags(5000, 3 * MIB)),
    "a large tile": lambda _: tiled(16_000),
    "many strips": lambda _: many_strips(3_000_000),
    "rows of a strip": lambda _: tiff_tag(tiff_tag(tiff(compression="tiff_deflate"), 278, 2**31), 257, 2**19),
    "samples": lambda _: tiff_tag(tiff(compression="tiff_lzw"), 277, 2**28),
    "FITS": lambda _: fits(60_000),
    "JPEG 2000": other_format("JPEG2000"),
    "ICNS": other_format("ICNS"),
    "IM": other_format("IM"),
    "PDF": other_format("PDF"),
    "more than the limit": lambda good: good + bytes(400 * MIB),
}  # fmt: skip
