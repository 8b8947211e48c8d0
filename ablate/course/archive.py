"""A zip archive whose bytes depend on its content alone."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

DATED = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name
PLAIN_FILE = 0o100644 << 16  # everybody may read it


def pack(members: Mapping[str, bytes]) -> bytes:
    """A zip of files, by their paths in it, in the order of these."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in sorted(members):
            member = zipfile.ZipInfo(name, DATED)
            member.create_system, member.external_attr = 3, PLAIN_FILE  # as on Unix, wherever it is made
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, members[name], compresslevel=9)
    return content.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Put the files of an archive that `pack` made into a folder."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
