"""Reproducible zip archives: the same files give the same bytes."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

TIMESTAMP = (1980, 1, 1, 0, 0, 0)  # the earliest date in a zip file
FILE_MODE = 0o100644 << 16  # a regular file, rw-r--r--


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return the bytes of a zip archive of the files {path: content}, sorted by path."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in sorted(members):
            member = zipfile.ZipInfo(name, TIMESTAMP)
            member.create_system, member.external_attr = 3, FILE_MODE  # 3: Unix
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, members[name], compresslevel=9)
    return content.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Extract an archive that `pack` created."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
