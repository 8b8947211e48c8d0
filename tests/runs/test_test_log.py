"""Each use of a test set is counted: by several processes at once, after a crash, and where a run was copied from."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest

from ablate.files import atomic
from ablate.runs import test_log, test_result
from ablate.runs.test_result import TestResult
from ablate.terminal.errors import InputError

RESULT = {
    "images": 4, "accuracy": 0.75, "loss": 0.5, "accuracy_interval": [0.3, 0.95],
    "per_class_accuracy": {"a": 1.0, "b": 0.5}, "per_class_interval": {"a": [0.34, 1.0], "b": [0.1, 0.9]},
    "calibration_error": 0.1, "reliability": [[4, 3.0, 3]], "confusion": [[2, 0], [1, 1]],
    "mistakes": [{"index": 3, "label": 1, "predicted": 0, "confidence": 0.9}], "mark": None, "config_sha256": "0",
}  # fmt: skip


def result(**values: object) -> TestResult:
    """The result, other values in it, of a use now."""
    return msgspec.convert({"uses": 1, "time": "now", **RESULT, **values}, TestResult)


@pytest.fixture
def run(tmp_path) -> Path:
    """The folder of a run in a study."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study/study.json").write_text("{}")
    (tmp_path / "study/baseline/seed=0").mkdir(parents=True)
    return tmp_path / "study/baseline/seed=0"


def keep(run: Path) -> int:
    return test_log.record_use(run, result()).uses


def test_two_processes_at_once_lose_nothing(run):
    other = run.with_name("seed=1")
    other.mkdir()
    with ProcessPoolExecutor(4, get_context("spawn")) as pool:
        counts = list(pool.map(keep, [run, other] * 20))
    assert sorted(counts) == sorted([*range(1, 21)] * 2)
    assert test_log.read_log(run.parents[1] / test_log.FILE) == ({"baseline/seed=0": 20, "baseline/seed=1": 20}, 0)
    assert test_result.read(run).uses == test_result.read(other).uses == 20


def test_a_command_is_one_look_and_without_its_name_each_use_of_a_run_is_one(run):
    other = run.with_name("seed=1")
    other.mkdir()
    log = run.parents[1] / test_log.FILE
    for folder, look in ((run, "a"), (other, "a"), (run, "b"), (run, None), (run, None), (other, None)):
        test_log.record_use(folder, result(look=look))
    assert test_log.count_looks(log) == 4
    test_log.record_use(run, result(look="c"))
    assert test_log.count_looks(log) == 5 and len(log.read_text().split("\n")) == 7 + 1  # no line is empty


def test_named_looks_alone_are_counted_once_each(run):
    for look in ("a", "b", "a"):
        test_log.record_use(run, result(look=look))
    assert test_log.count_looks(run.parents[1] / test_log.FILE) == 2
    assert test_log.count_looks(run / test_log.FILE) == 0  # there is no such log


def test_a_run_outside_a_study_has_a_log_of_its_own(tmp_path):
    assert [keep(tmp_path), keep(tmp_path)] == [1, 2]
    assert test_log.read_log(tmp_path / test_log.FILE) == ({".": 2}, 0)


def test_a_line_that_a_crash_cut_off_spoils_no_other(run):
    log = run.parents[1] / test_log.FILE
    keep(run)
    with log.open("a") as file:
        file.write('{"schema": 1, "run": "base')
    assert keep(run) == 2
    assert test_log.read_log(log) == ({"baseline/seed=0": 2}, 1)


def test_the_higher_of_both_counts_holds(run, tmp_path):
    keep(run), keep(run)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / test_result.FILE).write_bytes((run / test_result.FILE).read_bytes())
    assert keep(copy) == 3  # its log stayed behind
    (run / test_result.FILE).unlink()
    assert keep(run) == 3  # its result is gone


def test_a_result_of_an_earlier_version_counts_as_one(run):
    atomic.write_json(run / test_result.FILE, {"schema": 1, "images": 4, "accuracy": 0.75})
    assert test_result.read(run) is None and keep(run) == 2


def test_what_cannot_be_written_down_is_not_told(run, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        keep(run)
    assert not (run / test_result.FILE).exists()


LINES = [
    "",
    "[]",
    "{}",
    "3",
    '{"run": "", "time": "now"}',
    '{"run": 3, "time": "now"}',
    "[" * 9999,
    "\xff",
    '{"run": "a"}',
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:30])
def test_lines_that_are_no_use_are_counted(tmp_path, line):
    (tmp_path / test_log.FILE).write_bytes(line.encode("latin-1") + b'\n{"run": "a", "time": "now"}\n')
    assert test_log.read_log(tmp_path / test_log.FILE) == ({"a": 1}, int(line != ""))


def test_a_log_without_end_is_refused(tmp_path):
    (tmp_path / test_log.FILE).touch()
    os.truncate(tmp_path / test_log.FILE, test_log.LARGEST + 1)
    with pytest.raises(InputError, match="more than the"):
        test_log.read_log(tmp_path / test_log.FILE)
    os.unlink(tmp_path / test_log.FILE)
    os.mkfifo(tmp_path / test_log.FILE)
    with pytest.raises(InputError, match=r"tests\.jsonl cannot be read"):
        test_log.read_log(tmp_path / test_log.FILE)
