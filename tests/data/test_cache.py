import logging
import os
import resource
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.data import cache
from ablate.terminal.errors import InputError

# Decodes a folder and prints the sum of all pixels; run by several processes at once.
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


def _listing(root: Path) -> list[cache.File]:
    files = []
    for path in sorted(root.glob("*/*")):
        stat = path.stat()
        name = path.relative_to(root).as_posix()
        files.append(cache.File(name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))
    return files


def read(root: Path, image_size: int, mapped: bool = False) -> np.ndarray:
    return cache.pixels(root, _listing(root), image_size, mapped)


def read_photographs(root: Path, side: int, limit: float = 1e9) -> np.ndarray:
    return cache.photographs(root, _listing(root), side, limit)


def _mark(store: Path) -> None:
    """Set a pixel of the only cached array to 123, which shows that an array came from the cache."""
    (path,) = store.glob("*.npy")
    array = np.load(path)
    array[0, 0, 0, 0] = 123
    with open(path, "wb") as file:
        np.save(file, array)
        file.write(zlib.crc32(array.data).to_bytes(4))


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("where", [0.2, 0.6, 1.0])
def test_flipped_bytes_are_noticed_and_the_images_decoded_again(
    photos: Path, store: Path, mapped: bool, where: float, caplog: pytest.LogCaptureFixture
) -> None:
    first = read(photos, 16).copy()
    (path,) = store.glob("*.npy")
    content = bytearray(path.read_bytes())
    content[int(where * (len(content) - 1))] ^= 0x10  # the last byte is one of the checksum
    path.write_bytes(content)
    assert (read(photos, 16, mapped) == first).all() and "damaged" in caplog.text
    caplog.clear()
    assert (read(photos, 16, mapped) == first).all() and not caplog.text


def test_a_second_run_uses_the_cache(photos: Path, store: Path) -> None:
    first = read(photos, 32)
    assert first[0, 0, 0, 0] != 123
    _mark(store)
    assert read(photos, 32)[0, 0, 0, 0] == 123
    assert sorted(path.suffix for path in store.iterdir()) == [".key", ".npy"]


def test_cached_images_are_not_loaded_and_a_change_of_them_is_not_written(photos: Path, store: Path) -> None:
    first = read(photos, 16).copy()
    second = read(photos, 16)
    assert isinstance(second, np.memmap) and (second == first).all()
    second[:] = 255 - first
    assert (read(photos, 16) == first).all()


def test_a_copy_elsewhere_and_a_touched_file_are_recognized_by_content(
    photos: Path, store: Path, tmp_path: Path
) -> None:
    read(photos, 32)
    _mark(store)
    shutil.copytree(photos, tmp_path / "copy")
    assert read(tmp_path / "copy", 32)[0, 0, 0, 0] == 123
    next(photos.glob("china/*")).touch()
    assert read(photos, 32)[0, 0, 0, 0] == 123


def test_a_changed_image_is_detected_even_if_size_and_time_are_the_same(tmp_path: Path, store: Path) -> None:
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


def test_another_size_a_renamed_file_and_a_new_file_are_detected(photos: Path, store: Path) -> None:
    first = read(photos, 32)
    assert read(photos, 16).shape == (30, 3, 16, 16)
    paths = sorted(photos.glob("*/*"))
    paths[0].rename(paths[0].with_name(f"z{paths[0].suffix}"))
    renamed = read(photos, 32)
    assert np.array_equal(renamed[14], first[0]) and np.array_equal(renamed[:14], first[1:15])
    shutil.copy(paths[1], paths[1].with_name(f"zz{paths[1].suffix}"))
    assert read(photos, 32).shape == (31, 3, 32, 32)


@pytest.mark.parametrize("length", [0, 60, 128, 1000, -1])
def test_a_truncated_array_is_recognized_and_replaced(
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
def test_a_damaged_key_is_replaced(photos: Path, store: Path, content: bytes) -> None:
    first = read(photos, 32)
    (path,) = store.glob("*.key")
    whole = path.read_bytes()
    path.write_bytes(content)
    assert np.array_equal(read(photos, 32), first)
    assert path.read_bytes() == whole


def test_a_cache_that_is_not_writable_gives_a_warning(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A file where the folder should be: unlike missing permissions, this also stops the superuser.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING):
        assert read(photos, 32).shape == (30, 3, 32, 32)
    assert "not cached" in caplog.text and "ABLATE_CACHE" in caplog.text


def test_a_cache_that_is_not_writable_is_an_error_for_mapped_images(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match=r"is not writable.*memory_limit.*ABLATE_CACHE"):
        read(photos, 32, mapped=True)


def test_a_full_disk_is_detected_before_images_are_decoded(
    photos: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A limit on the file size of this process: a larger write raises the same exception as a full disk.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(InputError, match="is not writable"):
            read(photos, 32, mapped=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(store.iterdir()) == []


@pytest.mark.parametrize("limit", [1e9, 0], ids=["in memory", "mapped"])
@pytest.mark.parametrize("damage", ["pixels", "sizes", "checksum", "truncated", "empty"])
def test_damaged_photographs_are_decoded_again(
    photos: Path, store: Path, limit: float, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = np.array(read_photographs(photos, 20, limit))
    (path,) = store.glob("*.npy")
    content = bytearray(path.read_bytes())
    at = {"pixels": 200, "sizes": -4 - 8, "checksum": -1}.get(damage)
    if at:
        content[at] ^= 0x10
    path.write_bytes(content if at else content[: 0 if damage == "empty" else -100])
    again = read_photographs(photos, 20, limit)
    assert isinstance(again, np.memmap) == (limit == 0)
    assert np.array_equal(again, first) and "damaged" in caplog.text
    caplog.clear()
    assert np.array_equal(read_photographs(photos, 20, limit), first) and not caplog.text
    assert len(list(store.iterdir())) == 2


def test_photographs_are_read_from_the_cache_and_decoded_for_another_size(photos: Path, store: Path) -> None:
    first = read_photographs(photos, 20)
    (path,) = store.glob("*.npy")
    content = bytearray(path.read_bytes())
    content[128] = first[0] ^ 1
    content[-4:] = zlib.crc32(content[128:-4]).to_bytes(4)
    path.write_bytes(content)
    assert read_photographs(photos, 20)[0] == first[0] ^ 1  # from the cache
    assert len(read_photographs(photos, 40)) > 3 * len(first)
    assert read(photos, 20).shape == (30, 3, 20, 20)  # squares have files of their own
    assert len(list(store.glob("*.npy"))) == 3


def test_a_photograph_that_cannot_be_read_is_named(photos: Path, store: Path) -> None:
    path = sorted(photos.glob("*/*.jpg"))[2]
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InputError, match=rf"1 of 30 files cannot be read as images: {path} \(.*truncated"):
        read_photographs(photos, 20)
    assert list(store.iterdir()) == []


def test_a_cache_that_is_not_writable_is_an_error_for_photographs(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match=r"is not writable.*data\.resize=shorter.*ABLATE_CACHE"):
        read_photographs(photos, 20)


@pytest.mark.integration
def test_parallel_processes_write_one_complete_copy(photos: Path, store: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(photos)]
    here = Path(__file__)
    environment = {**os.environ, "PYTHONPATH": f"{here.parent}{os.pathsep}{here.parents[2]}"}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(3)]
    sums = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert {int(total) for total in sums} == {int(read(photos, 32).sum())}
    assert sorted(path.suffix for path in store.iterdir()) == [".key", ".npy"]
