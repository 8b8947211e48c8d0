"""A disk that is full, or may only be read: said, nothing half-written, gone on with once there is room."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate.files import atomic
from tests.faults.planting import RUN, assert_the_same_values, assert_undisturbed, changes, faulty, whole, words
from tests.processes import ablate, finish, start

TEMPORARIES = f".*{atomic.PART}"


def assert_nothing_half_written(folder: Path) -> None:
    for name in ("run.json", "study.json"):
        for path in folder.rglob(name):
            json.loads(path.read_text())
    assert not list(folder.rglob(TEMPORARIES))


def fill(folder: Path, at: int, epochs: int) -> None:
    """Let the disk be full from the `at`-th change on, then have room again."""
    status, output = finish(faulty(folder, "full", at, *words(epochs)))
    unfolded = "".join(output.split())  # a table folds what is long
    assert status in (1, 2) and re.search("outputs/s[^:]*:Filetoolarge", unfolded), (at, status, output)
    assert "Logging error" not in output and "A file" not in output, (at, output)
    assert_nothing_half_written(folder)
    whole(folder, *words(epochs))


@pytest.mark.integration
def test_a_disk_full_at_a_checkpoint(tmp_path, undisturbed):
    fill(tmp_path, at=24, epochs=40)
    assert_undisturbed(tmp_path, undisturbed)


@pytest.mark.faults
def test_a_disk_full_at_every_write(tmp_path):
    (tmp_path / "whole").mkdir()
    done = changes(tmp_path / "whole", *words(2))
    recorded = max(at for at, change in enumerate(done, 1) if change == "os.rename")  # after it there is only a log
    for at in range(1, recorded - 1):  # a file's last bytes are written two changes before it has its name
        (tmp_path / str(at)).mkdir()
        fill(tmp_path / str(at), at, epochs=2)
        assert_the_same_values(tmp_path / str(at), tmp_path / "whole")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 150 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "-t", "tmpfs", "-o", "size=152k", "tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def mount(folder: Path, *options: str) -> None:
    mounted = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a file system of its own needs root: {mounted.stderr.strip()}")


@pytest.mark.faults
def test_a_disk_that_fills_up(small_disk, undisturbed):
    status, output = finish(start(small_disk, *words(40)))
    assert status == 1 and "No space left on device" in output
    assert_nothing_half_written(small_disk)
    mount(small_disk, "-o", "remount,size=20m")
    whole(small_disk, *words(40))
    assert_undisturbed(small_disk, undisturbed)


@pytest.mark.faults
def test_a_folder_that_may_only_be_read(small_disk, undisturbed):
    mount(small_disk, "-o", "remount,ro,size=20m")
    status, output = finish(start(small_disk, *words(40)))
    assert status == 2 and "Read-only file system" in output and "Traceback" not in output
    assert not list(small_disk.iterdir())
    mount(small_disk, "-o", "remount,rw,size=20m")
    whole(small_disk, *words(40))
    assert_undisturbed(small_disk, undisturbed)
    mount(small_disk, "-o", "remount,ro")
    before = (small_disk / RUN / "run.json").read_bytes()
    assert ablate(small_disk, "status", "s").returncode == 0  # to look needs no right to write
    assert (small_disk / RUN / "run.json").read_bytes() == before
