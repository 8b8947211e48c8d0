"""The same files give the same bytes, and other programs can extract the archive."""

import os
import subprocess
import sys
import zipfile
from io import BytesIO

from ablate.commands.submit import archive

MEMBERS = {"b/ä.txt": b"two", "a": bytes(1000), "b/.hidden": b""}


def test_the_bytes_depend_only_on_the_files():
    assert archive.pack(MEMBERS) == archive.pack(dict(reversed(MEMBERS.items())))
    listed = zipfile.ZipFile(BytesIO(archive.pack(MEMBERS))).infolist()
    assert [member.filename for member in listed] == sorted(MEMBERS)
    assert {member.date_time for member in listed} == {(1980, 1, 1, 0, 0, 0)}
    assert listed[0].compress_size < 100


def test_python_and_unpack_extract_the_archive(tmp_path):
    (tmp_path / "a.zip").write_bytes(archive.pack(MEMBERS))
    subprocess.run([sys.executable, "-m", "zipfile", "-e", "a.zip", "out"], cwd=tmp_path, check=True)
    archive.unpack(archive.pack(MEMBERS), tmp_path / "unpacked")
    for folder in ("out", "unpacked"):
        names = {
            os.path.relpath(os.path.join(root, name), tmp_path / folder)
            for root, _, files in os.walk(tmp_path / folder)
            for name in files
        }
        assert names == set(MEMBERS)
        assert all((tmp_path / folder / name).read_bytes() == content for name, content in MEMBERS.items())
