"""Records are written whole, read with care, and hashed the same everywhere."""

import json
import os

import pytest
from omegaconf import OmegaConf

from ablate import record
from ablate.errors import InputError, sentence


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path):
    path = tmp_path / "run.json"
    record.write_json(path, {"schema": 1, "value": 1})
    with pytest.raises(TypeError):
        record.write_json(path, {"value": object()})
    with pytest.raises(TypeError):
        record.write_bytes(path, "text is not bytes")
    assert json.loads(path.read_text())["value"] == 1
    assert os.listdir(tmp_path) == ["run.json"]


def test_files_have_the_permissions_of_any_other_file(tmp_path):
    (tmp_path / "plain").write_text("")
    record.write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_numbers_that_are_not_finite_become_null(tmp_path):
    record.write_json(tmp_path / "x.json", {"a": [float("nan"), float("inf"), 1.5]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": [None, None, 1.5]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "has no run.json"),
        ("{", "cannot be read"),
        ("[1]", "schema"),
        ('{"schema": 99, "status": "completed"}', "schema 1"),
        ('{"schema": 1, "status": "excellent"}', "excellent"),
    ],
)
def test_what_is_not_a_record_is_refused_by_name(tmp_path, content, message):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=message):
        record.read_run(tmp_path)


def test_a_study_or_a_file_in_place_of_a_run_is_refused(tmp_path):
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(InputError, match="is a study. Give one of its runs"):
        record.read_run(tmp_path)
    with pytest.raises(InputError, match="study.json has no run.json: it is not a run folder"):
        record.read_run(tmp_path / "study.json")


def test_the_hash_of_a_configuration_is_that_of_what_is_trained(monkeypatch):
    def sha256(text: str) -> str:
        return record.config_sha256(OmegaConf.create({"augmentation": {}, **OmegaConf.create(text)}))

    base = sha256("{seed: 0, data: {root: '${oc.env:PLACE}'}, study: {name: a}, logger: {x: 1}}")
    assert (
        sha256("{data: {root: '${oc.env:PLACE}'}, seed: 0, study: {name: b}}") == base
    )  # order, study, logger: no part
    assert sha256("{seed: 1, data: {root: '${oc.env:PLACE}'}}") != base
    # The steps of an augmentation are taken in their order, so that it is a part.
    assert sha256("{augmentation: {crop: 1, cutout: 2}}") != sha256("{augmentation: {cutout: 2, crop: 1}}")
    monkeypatch.setenv("PLACE", "/elsewhere")
    assert sha256("{seed: 0, data: {root: '${oc.env:PLACE}'}}") == base


def test_an_interrupt_just_after_the_replacement_is_still_an_interrupt(tmp_path, monkeypatch):
    replace = os.replace

    def interrupted(*paths):
        replace(*paths)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record.write_text(tmp_path / "run.json", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("run.json", "new")]


def test_a_full_disk_names_the_file(tmp_path):
    """Linux's own full disk, whose error names no file."""
    with pytest.raises(OSError) as error, record.naming(tmp_path / "run.json"), open("/dev/full", "wb", 0) as full:
        full.write(b"x")
    assert sentence(error.value) == f"{tmp_path}/run.json: No space left on device."


def test_what_a_kill_has_left_is_removed(tmp_path):
    (tmp_path / "own_code").mkdir()
    for name in (f".model.pt.a1b2c3d4{record.PART}", f"own_code/.net.py.a1b2c3d4{record.PART}", ".x.part", "model.pt"):
        (tmp_path / name).write_text("")
    record.remove_parts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".x.part", "model.pt", "own_code"] and not os.listdir(tmp_path / "own_code")
