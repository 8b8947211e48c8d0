import logging
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.data import cache
from ablate.terminal.errors import InputError

# Decodes the folder given and prints the sum of all pixels; run by several processes at once.
SCRIPT = """
import sys
from pathlib import Path
from test_cache import read
print(int(read(Path(sys.argv[1]), 32).sum()))
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def photos(photo_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(photo_folder / "test", tmp_path / "photos"))


def read(root: Path, image_size: int, mapped: bool = False) -> np.ndarray:
    files = []
    for path in sorted(root.glob("*/*")):
        known = path.stat()
        name = path.relative_to(root).as_posix()
        files.append(cache.File(name, known.st_size, known.st_mtime_ns, known.st_ctime_ns))
    return cache.pixels(root, files, image_size, mapped)


def _mark(store: Path) -> None:
    """Change a pixel in the only cached array: whoever then sees 123 there has not decoded."""
    (path,) = store.glob("*.npy")
    array = np.load(path)
    array[0, 0, 0, 0] = 123
    np.save(path, array)


def test_a_second_start_takes_what_the_first_has_decoded(photos: Path, store: Path) -> None:
    first = read(photos, 32)
    assert first[0, 0, 0, 0] != 123
    _mark(store)
    assert read(photos, 32)[0, 0, 0, 0] == 123
    assert sorted(path.suffix for path in store.iterdir()) == [".key", ".npy"]


def test_a_copy_elsewhere_and_a_touched_file_are_recognised_by_content(
    photos: Path, store: Path, tmp_path: Path
) -> None:
    read(photos, 32)
    _mark(store)
    shutil.copytree(photos, tmp_path / "copy")
    assert read(tmp_path / "copy", 32)[0, 0, 0, 0] == 123
    next(photos.glob("china/*")).touch()
    assert read(photos, 32)[0, 0, 0, 0] == 123


def test_a_changed_image_is_seen_even_if_size_and_time_are_not(tmp_path: Path, store: Path) -> None:
    paths = [tmp_path / "photos" / name / "1.bmp" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir(parents=True)
        Image.new("L", (8, 8), 1).save(path)
    assert read(tmp_path / "photos", 8)[:, 0, 0, 0].tolist() == [1, 1]
    before = paths[1].stat()
    Image.new("L", (8, 8), 2).save(paths[1])
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert paths[1].stat().st_size == before.st_size
    assert read(tmp_path / "photos", 8)[:, 0, 0, 0].tolist() == [1, 2]


def test_another_size_a_renamed_file_and_one_more_are_other_images(photos: Path, store: Path) -> None:
    first = read(photos, 32)
    assert read(photos, 16).shape == (30, 3, 16, 16)
    paths = sorted(photos.glob("*/*"))
    paths[0].rename(paths[0].with_name(f"z{paths[0].suffix}"))
    renamed = read(photos, 32)
    assert np.array_equal(renamed[14], first[0]) and np.array_equal(renamed[:14], first[1:15])
    shutil.copy(paths[1], paths[1].with_name(f"zz{paths[1].suffix}"))
    assert read(photos, 32).shape == (31, 3, 32, 32)


@pytest.mark.parametrize("length", [0, 60, 128, 1000, -1])
def test_a_truncated_array_is_recognised_and_made_again(
    photos: Path, store: Path, length: int, caplog: pytest.LogCaptureFixture
) -> None:
    first = read(photos, 32)
    (path,) = store.glob("*.npy")
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(read(photos, 32), first)
    assert "damaged" in caplog.text
    assert path.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"ab12", b"\xff\x00" * 32, b"../" * 21 + b"x"])
def test_a_damaged_key_is_made_again(photos: Path, store: Path, content: bytes) -> None:
    first = read(photos, 32)
    (path,) = store.glob("*.key")
    whole = path.read_bytes()
    path.write_bytes(content)
    assert np.array_equal(read(photos, 32), first)
    assert path.read_bytes() == whole


def test_without_a_writable_folder_images_are_decoded_and_it_is_said(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A file where the folder should be: unlike missing permissions, this also stops the superuser.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING):
        assert read(photos, 32).shape == (30, 3, 32, 32)
    assert "not cached" in caplog.text and "ABLATE_CACHE" in caplog.text


def test_a_cache_that_must_be_mapped_and_cannot_be_written_is_refused(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match=r"cannot be written.*memory_limit.*ABLATE_CACHE"):
        read(photos, 32, mapped=True)


def test_a_disk_that_is_full_is_noticed_before_images_are_decoded(
    photos: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The limit is that of this process and of files: what a write beyond it raises is what a full disk raises.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(InputError, match="cannot be written"):
            read(photos, 32, mapped=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(store.iterdir()) == []


def test_processes_that_start_together_agree_and_leave_one_whole_copy(photos: Path, store: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(photos)]
    here = Path(__file__)
    environment = {**os.environ, "PYTHONPATH": f"{here.parent}{os.pathsep}{here.parents[2]}"}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(3)]
    sums = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert {int(known) for known in sums} == {int(read(photos, 32).sum())}
    assert sorted(path.suffix for path in store.iterdir()) == [".key", ".npy"]
