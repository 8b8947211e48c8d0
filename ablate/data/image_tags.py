"""Check the metadata of an image file before Pillow reads it.

The tags of a TIFF file, or of the EXIF data in another format, may all point to the same bytes, which Pillow copies for
each of them. In this way, a few kilobytes could fill the memory.
"""

import struct

from ablate.files.bounded import MIB

WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}  # bytes, by type
RAW = (1, 2, 6, 7)  # types that Pillow keeps as bytes
MOST_BYTES = 8 * MIB  # of all tags; color profiles and thumbnails have up to a few
MOST_NUMBERS = 2**17  # of a tag, such as the place of each strip
SEGMENTS = {*range(0xC0, 0xFF)} - {0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)}  # of JPEG, with a length
SCAN = 0xDA  # starts the pixels
EXIF, PICTURES = b"Exif\0\0", b"MPF\0"


def check(content: bytes) -> None:
    """Check the tags of a TIFF file, or those in a JPEG file, which Pillow reads when it opens the file.

    Raises:
        ValueError: they are too large, or the file is damaged.
    """
    if content[:2] in (b"II", b"MM"):
        check_tags(content)
    elif content[:2] == b"\xff\xd8":
        exif = b""
        for data in _segments(content):
            if data.startswith(EXIF):  # Pillow joins the segments
                exif += data[len(EXIF) :]
            elif data.startswith(PICTURES):
                check_tags(data[len(PICTURES) :])
        check_tags(exif)


def check_tags(content: bytes) -> None:
    """Check the first directory of tags of TIFF or EXIF data. Raises ValueError if they are too large."""
    content = content.removeprefix(EXIF)
    if content[:2] not in (b"II", b"MM") or len(content) < 8:
        return
    order = "<" if content[:2] == b"II" else ">"
    if 43 in content[2:4]:
        raise ValueError("BigTIFF is not supported; save the image as PNG")
    (start,) = struct.unpack_from(f"{order}L", content, 4)
    if start + 2 > len(content):
        return
    (count,) = struct.unpack_from(f"{order}H", content, start)
    entries = content[start + 2 : start + 2 + 12 * count]
    total = 0
    for _, kind, length, _ in struct.iter_unpack(f"{order}HHLL", entries[: len(entries) // 12 * 12]):
        total += length * WIDTHS.get(kind, 8)
        if kind not in RAW and length > MOST_NUMBERS:
            raise ValueError(f"a tag has {length:,} numbers, more than the limit of {MOST_NUMBERS:,}")
    if total > MOST_BYTES:
        raise ValueError(f"its tags have {total:,} bytes, more than the limit of {MOST_BYTES:,}")


def _segments(content: bytes) -> list[bytes]:
    """The segments of a JPEG file before its pixels. Raises ValueError unless one follows the other."""
    segments: list[bytes] = []
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            break
        if content[at + 1] == 0xFF:  # padding
            at += 1
            continue
        if content[at + 1] not in SEGMENTS:
            break
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] == SCAN:
            return segments
        segments.append(content[at + 4 : at + 2 + length])
        at += 2 + max(length, 2)
    raise ValueError("a damaged JPEG file")
