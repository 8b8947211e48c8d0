"""Listings of folders of images."""

import os

import pytest

from ablate.data.cache import File
from ablate.data.walk import entries, files
from ablate.terminal.errors import InputError


def test_files_are_listed_by_path_without_hidden_ones(tmp_path):
    for name in ("b/2.png", "b/10.png", "a/x.jpg", "a/.hidden", ".git/config", "b/Thumbs.db", "desktop.ini"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    listed = list(files(tmp_path, "root"))
    assert [file.name for file in listed] == ["root/a/x.jpg", "root/b/10.png", "root/b/2.png"]
    stat = (tmp_path / "root/a/x.jpg").stat()
    assert listed[0] == File("root/a/x.jpg", 5, stat.st_mtime_ns, stat.st_ctime_ns)
    assert [entry.name for entry in entries(tmp_path / "root")] == ["a", "b"]


def test_a_link_is_followed_unless_it_leads_back(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1.png").touch()
    (tmp_path / "root/a").mkdir(parents=True)
    os.symlink(tmp_path / "elsewhere", tmp_path / "root/a/link")
    os.symlink(tmp_path / "elsewhere", tmp_path / "root/b")  # the same folder twice is no circle
    assert [file.name for file in files(tmp_path, "root")] == ["root/a/link/1.png", "root/b/1.png"]
    os.symlink(tmp_path / "root", tmp_path / "root/a/up")
    with pytest.raises(InputError, match=r"root/a/up is a link to a folder above it"):
        list(files(tmp_path, "root"))


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="nothing cannot be read"):
        entries(tmp_path / "nothing")
    (tmp_path / "root").mkdir()
    os.symlink(tmp_path / "gone", tmp_path / "root/1.png")
    with pytest.raises(InputError, match=r"1\.png cannot be read .*Replace or remove it"):
        list(files(tmp_path, "root"))
