"""Zip files that may come from an untrusted source: one directory, at the end of the file, with bounded members."""

import os
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ablate.files import bounded

END = struct.Struct("<4s4H2LH")  # signature, disks, members, size and place of the directory, length of a comment
END_64 = struct.Struct("<4sQ2H2L4Q")  # the same for files of any size
LOCATOR = struct.Struct("<4sLQL")  # follows END_64, and has its place
HEADER = 30  # bytes before the name of a member
LARGEST_ENTRY = 512  # bytes of a member in the directory, of which its name is the longest part
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA and BZIP2 allocate what their header states


@contextmanager
def opened(path: Path, members: int, limit: int) -> Iterator[zipfile.ZipFile]:
    """Open a zip file whose members are few and small enough; nothing of them is unpacked.

    Read a member with `open(name).read(size)`: without a size, zipfile unpacks more than the directory states.

    Args:
        path: the file.
        members: largest number of members.
        limit: largest size of the file, and of what it unpacks to, in bytes.

    Raises:
        InputError: the file, or its members, exceed the limit.
        ValueError: it has a directory other than the one at its end, too many members, or members that overlap.
        zipfile.BadZipFile: it is not a zip file.
    """
    with bounded.open_regular(path) as file:
        bounded.check(path, "has", os.fstat(file.fileno()).st_size, limit)
        start = _check_directory(file, members)
        with zipfile.ZipFile(file) as archive:
            _check_members(path, archive, start, members, limit)
            yield archive


def _check_members(path: Path, archive: zipfile.ZipFile, start: int, members: int, limit: int) -> None:
    """Raise unless the members lie one after the other before `start`, the place of the directory."""
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    if len(entries) > members or len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("its directory has too many members, or two of one name")
    ends = [entry.header_offset for entry in entries[1:]] + [start]
    for entry, end in zip(entries, ends, strict=True):
        if entry.compress_type not in METHODS or entry.flag_bits & 1:
            raise ValueError(f"{entry.filename!r:.80} is encrypted, or compressed by a method that is not supported")
        if entry.header_offset + HEADER + entry.compress_size > end:
            raise ValueError("its members overlap")
        if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
            raise ValueError(f"{entry.filename!r:.80} has two sizes")
    bounded.check(path, "would unpack to", sum(entry.file_size for entry in entries), limit)


def _check_directory(file: BinaryIO, members: int) -> int:
    """Return the place of the directory. Raises unless it lies right before the records that end the file."""
    length = file.seek(0, os.SEEK_END)
    before = file.seek(max(0, length - END.size - LOCATOR.size - END_64.size))
    content = file.read()
    at = len(content) - END.size
    if at < 0 or content[at : at + 4] != b"PK\x05\x06":
        raise zipfile.BadZipFile("it does not end as a zip file does")
    _, disk, first, _, count, size, start, comment = END.unpack_from(content, at)
    locator = at - LOCATOR.size
    if locator >= END_64.size and content[locator : locator + 4] == b"PK\x06\x07":
        at = locator - END_64.size
        _, place_disk, place, _ = LOCATOR.unpack_from(content, locator)
        signature, size_of, *_, disk, first, _, count_64, size_64, start_64 = END_64.unpack_from(content, at)
        short = zip((count, size, start), (0xFFFF, 2**32 - 1, 2**32 - 1), (count_64, size_64, start_64), strict=True)
        if (signature, size_of, place, place_disk) != (b"PK\x06\x06", END_64.size - 12, before + at, 0) or any(
            value not in (most, long) for value, most, long in short
        ):
            raise ValueError("the records at its end contradict each other")
        count, size, start = count_64, size_64, start_64
    if comment or disk or first or start + size != before + at:
        raise ValueError("its directory is not at its end")
    if count > members or size > LARGEST_ENTRY * count:
        raise ValueError(f"it has {count:,} members, more than the limit of {members:,}, or an oversized directory")
    return start
