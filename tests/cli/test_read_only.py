"""A study in a folder that cannot be written to: what only reads works, all else names the folder and what to do."""

import shutil
from pathlib import Path

import pytest

from tests.processes import SMALL, ablate

# Root may write to any folder: without its capabilities, it may not.
SCRIPT = """
import ctypes, os, runpy

if hasattr(os, "geteuid") and os.geteuid() == 0:
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, none) == 0
runpy.run_module("ablate.cli", run_name="__main__", alter_sys=True)
"""
GRID = ("-m", "study.name=grid", *SMALL, "model=mlp,cnn", "normalization=none,batch")


@pytest.fixture
def study(grid, tmp_path):
    folder = shutil.copytree(grid, tmp_path / "shared")
    (tmp_path / "as_user.py").write_text(SCRIPT)
    everything = [folder, *folder.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in everything:
        path.chmod(0o755)


def as_user(folder: Path, *words: str):
    return ablate(folder, *words, script=folder.parent / "as_user.py")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["report", "grid"], "outputs/grid"),
        (["test", "outputs/grid/baseline/seed=0"], "outputs/grid"),
        (["train", *GRID, "seed=0,1,2,3", "--extend"], "outputs/grid"),
        (["train", *SMALL], "outputs"),
    ],
)
def test_what_writes_names_the_folder_and_what_to_do(study, words, named):
    ended = as_user(study, *words)
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        f"The folder {named} is not writable (Permission denied). Change its permissions, or copy what is needed to a"
        " folder of yours and run the command there."
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("words", [["status", "grid"], ["watch", "grid", "--once"]])
def test_what_only_reads_works(study, words):
    ended = as_user(study, *words)
    assert ended.returncode == 0 and "12" in ended.stdout, ended.stderr


def test_a_file_that_may_not_be_read_is_named(study):
    (study / "outputs/grid/study.json").chmod(0)
    ended = as_user(study, "status", "grid")
    assert ended.returncode == 2 and "outputs/grid/study.json" in ended.stderr and "denied" in ended.stderr
