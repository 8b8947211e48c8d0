"""Atomic writes: the old content or the new, never a part."""

import json
import os

import pytest

from ablate.config.messages import sentence
from ablate.files import atomic


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path):
    path = tmp_path / "run.json"
    atomic.write_json(path, {"schema": 1, "value": 1})
    with pytest.raises(TypeError):
        atomic.write_json(path, {"value": object()})
    with pytest.raises(TypeError):
        atomic.write_bytes(path, "text is not bytes")
    assert json.loads(path.read_text())["value"] == 1
    assert os.listdir(tmp_path) == ["run.json"]


def test_a_part_that_is_not_committed_is_deleted(tmp_path):
    with atomic.part(tmp_path / "images.npy") as file:
        file.write(b"half")
        assert len(os.listdir(tmp_path)) == 1
    assert os.listdir(tmp_path) == []
    with atomic.part(tmp_path / "images.npy") as file:
        file.write(b"whole")
        atomic.commit(file, tmp_path / "other.npy")
    assert os.listdir(tmp_path) == ["other.npy"] and (tmp_path / "other.npy").read_bytes() == b"whole"


def test_files_have_the_default_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    atomic.write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_nan_and_infinity_become_null(tmp_path):
    atomic.write_json(tmp_path / "x.json", {"a": [float("nan"), float("inf"), 1.5]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": [None, None, 1.5]}


def test_an_interrupt_just_after_the_replacement_is_still_an_interrupt(tmp_path, monkeypatch):
    replace = os.replace

    def interrupted(*paths):
        replace(*paths)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic.write_text(tmp_path / "run.json", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("run.json", "new")]


def test_a_full_disk_names_the_file(tmp_path):
    """Writes to Linux's /dev/full, whose error names no file."""
    with pytest.raises(OSError) as error, atomic.naming(tmp_path / "run.json"), open("/dev/full", "wb", 0) as full:
        full.write(b"x")
    assert sentence(error.value) == f"{tmp_path}/run.json: No space left on device."


def test_files_left_by_a_killed_process_are_removed(tmp_path):
    (tmp_path / "own_code").mkdir()
    for name in (f".model.pt.a1b2c3d4{atomic.PART}", f"own_code/.net.py.a1b2c3d4{atomic.PART}", ".x.part", "model.pt"):
        (tmp_path / name).write_text("")
    atomic.remove_parts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".x.part", "model.pt", "own_code"] and not os.listdir(tmp_path / "own_code")


@pytest.mark.parametrize(
    ("write", "read"), [(atomic.write_json, lambda text: json.loads(text)["é\\udce9"][0]), (atomic.write_text, str)]
)
def test_half_a_surrogate_pair_is_escaped(tmp_path, write, read):
    """Names of files may have them, and any JSON file; UTF-8 lacks them."""
    write(tmp_path / "x", {"é\udce9": ["b\udce9"]} if write is atomic.write_json else "b\udce9")
    assert read((tmp_path / "x").read_text("utf-8")) == r"b\udce9"


def test_an_error_names_the_file_and_not_its_temporary_name(tmp_path):
    with pytest.raises(OSError) as error:
        atomic.write_json(tmp_path / "deleted/run.json", {})
    assert sentence(error.value) == f"{tmp_path}/deleted/run.json: No such file or directory."
