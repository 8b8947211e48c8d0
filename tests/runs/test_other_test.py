"""`test-on/NAME.json`: what was written is read, and nothing else is taken for it; its uses are counted apart."""

import json

import msgspec
import pytest

from ablate.runs import other_test, test_log
from ablate.runs.other_test import OtherTestResult
from ablate.terminal.errors import InputError
from tests.runs.test_test_log import result as own_result
from tests.runs.test_test_log import run  # noqa: F401  a fixture

CONDITION = {"name": "fog", "severity": 1, "images": 4, "accuracy": 0.5, "accuracy_interval": [0.1, 0.9], "loss": 1.0,
             "calibration_error": 0.1, "data_sha256": "0"}  # fmt: skip


def result(**values: object) -> OtherTestResult:
    content = {"name": "fog", "source": "~/fog", "own": False, "images": 4, "conditions": [CONDITION], "time": "now"}
    return msgspec.convert({**content, "config_sha256": "0", "look": "a", **values}, OtherTestResult)


def test_a_result_is_read_as_it_was_written(tmp_path):
    assert other_test.read(tmp_path, "fog") is None and other_test.names(tmp_path) == []
    other_test.write(tmp_path, result())
    assert other_test.read(tmp_path, "fog") == result() and other_test.names(tmp_path) == ["fog"]
    assert json.loads((tmp_path / "test-on/fog.json").read_text())["schema"] == 1


@pytest.mark.parametrize(
    "values",
    [
        {"name": "../fog"},
        {"name": "fog\x1b"},
        {"name": ""},
        {"source": "a\nb"},
        {"conditions": []},
        {"conditions": [CONDITION, CONDITION]},
        {"conditions": [{**CONDITION, "severity": 6}]},
        {"conditions": [{**CONDITION, "accuracy": 1.5}]},
        {"conditions": [{**CONDITION, "name": "\x1b[2J"}]},
    ],
)
def test_other_content_is_refused(tmp_path, values):
    with pytest.raises((InputError, msgspec.ValidationError)):
        result(**values)
    content = {**msgspec.to_builtins(result()), **values}
    (tmp_path / "test-on").mkdir()
    (tmp_path / "test-on/fog.json").write_text(json.dumps(content))
    with pytest.raises(InputError) as refusal:
        other_test.read(tmp_path, "fog")
    assert "\n" not in str(refusal.value) and "fog.json" in str(refusal.value)


def test_a_result_under_another_name_is_refused(tmp_path):
    other_test.write(tmp_path, result())
    (tmp_path / "test-on/fog.json").rename(tmp_path / "test-on/snow.json")
    with pytest.raises(InputError, match="the result on another test set, fog"):
        other_test.read(tmp_path, "snow")


@pytest.mark.parametrize(("text", "name"), [("CIFAR 10.1 (v6)", "CIFAR-10.1-v6"), ("été", "t"), ("..", "images")])
def test_names_of_files(text, name):
    assert other_test.file_name(text) == name and other_test.NAME.fullmatch(name)


def test_uses_of_other_test_sets_are_counted_apart(run):  # noqa: F811
    log = run.parents[1] / test_log.FILE
    test_log.record_use(run, own_result(look="a"))
    for look in ("b", "c", "c"):
        test_log.record_other_use(run, result(look=look))
    assert test_log.count_uses(run) == test_log.count_looks(log) == 1
    assert test_log.count_others(log) == {"fog": (2, 1)}
    assert test_log.record_use(run, own_result(look="d")).uses == 2


def test_corrupted_test_images_are_a_use_of_the_test_set(run):  # noqa: F811
    log = run.parents[1] / test_log.FILE
    test_log.record_other_use(run, result(name="test-corrupted", own=True, look="b"))
    assert test_log.count_uses(run) == test_log.count_looks(log) == 1
    assert test_log.count_others(log) == {"test-corrupted": (1, 1)}
    assert test_log.record_use(run, own_result(look="d")).uses == 2
