"""Differences between two runs, from their run folders."""

import json
import os
import shutil

import pytest
from omegaconf import OmegaConf

from ablate.commands.diff import NO_DIFFERENCE, main
from ablate.runs.differences import diff
from ablate.terminal.errors import InputError

RUN = {
    "schema": 1, "status": "completed", "seed": 0, "code_sha256": "c0de", "git": {"commit": "abc", "dirty": False},
    "environment": {"torch": "2.13.0", "threads": 1}, "data_sha256": "da7a", "epochs": {"planned": 1, "done": 1},
    "metrics": {"val_accuracy": 0.5}, "seconds": {"total": 3.0},
}  # fmt: skip
CONFIG = {"seed": 0, "study": {"name": "s"}, "logger": {}, "optimizer": {"lr": 0.1}}
CURVE = "epoch,val_loss,seconds,images_per_second\r\n1,0.5,{},9\r\n"


@pytest.fixture
def make(tmp_path):
    def make(name, config=CONFIG, seconds=1.0, weights=b"w", **changed):
        folder = tmp_path / name
        (folder / ".hydra").mkdir(parents=True)
        OmegaConf.save(OmegaConf.create(config), folder / ".hydra" / "config.yaml")
        (folder / "run.json").write_text(json.dumps({**RUN, **changed}))
        (folder / "metrics.csv").write_text(CURVE.format(seconds))
        (folder / "model.pt").write_bytes(weights)
        return folder

    return make


def test_times_and_folders_are_ignored(make, capsys):
    one = make("one")
    other = make("other", {**CONFIG, "study": {"name": "t"}}, seconds=7.0, peak_memory={"process": 9.0})
    assert diff(one, other) == []
    assert main([str(one), str(other)]) == 0 and capsys.readouterr().out == f"{NO_DIFFERENCE}\n"


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"data_sha256": None}, "data_sha256"),
        ({"code_sha256": None}, "code_sha256"),
        ({"git": {"commit": None, "dirty": False}}, "commit"),
        ({"environment": {"torch": None, "threads": 1}}, "torch"),
        ({"metrics": {"val_accuracy": None}}, "val_accuracy"),
        ({"epochs": {"planned": 1, "done": None}}, "done"),
    ],
)
def test_what_only_one_of_two_records_states_is_absent_in_the_other(make, record, key):
    ((_, name, one, other),) = diff(make("one"), make("other", **record))
    assert name == key and one not in ("None", "—") and other == "—"


def test_differences_are_listed_by_part_and_key(make, capsys):
    environment = {"torch": "2.13.0", "threads": 2, "cpu": "x"}
    config = {**CONFIG, "seed": 1, "optimizer": {"lr": 0.01, "momentum": 0.9}}
    changed = {"environment": environment, "git": None, "metrics": {"val_accuracy": 0.25}}
    one, other = make("one"), make("other", config, weights=b"v", **changed)
    differences = diff(one, other)
    weights = differences.pop()
    assert weights[:2] == ("results", "model.pt") and weights[2] != weights[3]
    assert differences == [
        ("configuration", "seed", "0", "1"),
        ("configuration", "optimizer.lr", "0.1", "0.01"),
        ("configuration", "optimizer.momentum", "—", "0.9"),
        ("code", "commit", "abc", "—"),
        ("code", "dirty", "False", "—"),
        ("environment", "threads", "1", "2"),
        ("environment", "cpu", "—", "x"),
        ("results", "val_accuracy", "0.5", "0.25"),
    ]
    assert main([str(one), str(other)]) == 0
    output = capsys.readouterr().out
    assert all(text in output for row in differences for text in row)


def test_other_folders_are_refused(make, tmp_path):
    one, other = make("one"), make("other")
    with pytest.raises(InputError, match="not a run folder"):
        diff(one, tmp_path)
    shutil.rmtree(other / ".hydra")
    with pytest.raises(InputError, match="missing or damaged"):
        diff(one, other)


def test_control_characters_are_escaped(make, capsys):
    one, other = make("one"), make("other", {**CONFIG, "seed": "\x1b[2J\nx"}, environment={"cpu": "\x1b]0;y"})
    assert main([str(one), str(other)]) == 0
    assert r"\x1b[2J\nx" in (output := capsys.readouterr().out) and "\x1b" not in output


def test_a_named_pipe_does_not_block(make):
    one, other = make("one"), make("other")
    for name in ("metrics.csv", "model.pt"):
        (other / name).unlink()
        os.mkfifo(other / name)
    assert [(key, value) for _, key, _, value in diff(one, other)] == [("metrics.csv", "—"), ("model.pt", "—")]
