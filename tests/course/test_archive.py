"""An archive of the same files is the same bytes, and any other program unpacks it."""

import os
import subprocess
import sys
import zipfile
from io import BytesIO

from ablate.course import archive

MEMBERS = {"b/ä.txt": b"two", "a": bytes(1000), "b/.hidden": b""}


def test_the_same_files_are_the_same_bytes_whenever_and_in_whatever_order():
    assert archive.pack(MEMBERS) == archive.pack(dict(reversed(MEMBERS.items())))
    listed = zipfile.ZipFile(BytesIO(archive.pack(MEMBERS))).infolist()
    assert [member.filename for member in listed] == sorted(MEMBERS)
    assert {member.date_time for member in listed} == {(1980, 1, 1, 0, 0, 0)}
    assert listed[0].compress_size < 100


def test_another_process_unpacks_it(tmp_path):
    (tmp_path / "a.zip").write_bytes(archive.pack(MEMBERS))
    subprocess.run([sys.executable, "-m", "zipfile", "-e", "a.zip", "out"], cwd=tmp_path, check=True)
    archive.unpack(archive.pack(MEMBERS), tmp_path / "own")
    for folder in ("out", "own"):
        there = {
            os.path.relpath(os.path.join(place, name), tmp_path / folder)
            for place, _, names in os.walk(tmp_path / folder)
            for name in names
        }
        assert there == set(MEMBERS)
        assert all((tmp_path / folder / name).read_bytes() == content for name, content in MEMBERS.items())
