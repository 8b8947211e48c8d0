"""A run that was cut off and gone on with is the run that was not, bit for bit."""

import os
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from rich.console import Console

from ablate.config import CONF, register
from ablate.data.batches import resident
from ablate.data.prepare import prepare
from ablate.training import loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import build

register()
CPU = torch.device("cpu")


ROWS = [{"epoch": n, "step": 18 * n, "train_loss": 1 / (n - 3) if n != 3 else float("nan")} for n in range(1, 9)]


class Cut(Exception):
    """Stands for whatever ends a process."""


class Rows(list):
    """A logger that keeps its rows, and cuts the run off at an epoch."""

    def __init__(self, last: int | None = None) -> None:
        self.last = last

    def log(self, row: dict) -> None:
        self.append(row)
        if row["epoch"] == self.last:
            raise Cut


def fit(folder: Path, *words: str, last: int | None = None, made_by: dict | None = None):
    """A fresh process's training of the configuration in `folder`: rows and selected epoch."""
    common = ["data=digits", "data.train_limit=100", "trainer.epochs=4", "trainer.batch_size=32", "trainer.threads=1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*common, *words])
    data = prepare(config.data)
    parts = build(config, data, CPU, "fp32")
    with open("/dev/null", "w") as nowhere:
        console, rows = Console(file=nowhere), Rows(last)
        reporter = loop.Reporter([rows], console, config.trainer.epochs)
        saved = Checkpoint(folder, made_by or {"config_sha256": "a"})
        selected, _, _ = loop.fit(parts, resident(data, CPU), config, reporter, saved)
    return [{n: v for n, v in row.items() if n not in ("seconds", "images_per_second")} for row in rows], selected


SETTINGS = {
    "every optimiser": [["model=mlp", f"optimizer={name}"] for name in ("sgd", "adam", "adamw", "rmsprop", "muon")],
    "statistics, dropout, augmentation": [
        ["model=alexnet", "normalization=batch", "augmentation=[flip_crop,cutout,mixup]", "schedule=cosine"],
        ["model=cnn", "augmentation=trivialaugment", "schedule=one_cycle"],
    ],
    "averages, selection, views": [
        ["model=mlp", "trainer.ema=0.9", "trainer.selection=best_val", "trainer.tta=flip_shift", "optimizer.lr=0.3"]
    ],
}


@pytest.mark.parametrize("words", [words for several in SETTINGS.values() for words in several], ids=" ".join)
@pytest.mark.parametrize("last", [1, 3])
def test_a_run_cut_off_ends_with_the_same_bits(tmp_path, words, last):
    (tmp_path / "whole").mkdir()
    whole_rows, whole = fit(tmp_path / "whole", *words)
    with pytest.raises(Cut):
        fit(tmp_path, *words, last=last)
    with pytest.raises(Cut):
        fit(tmp_path, *words, last=last)  # and again, at the same place
    rows, selected = fit(tmp_path, *words)
    assert rows == whole_rows and selected.row["epoch"] == whole.row["epoch"]
    assert selected.weights.keys() == whole.weights.keys()
    assert all(torch.equal(selected.weights[name], whole.weights[name]) for name in whole.weights)
    assert torch.equal(selected.val_logits, whole.val_logits)


def test_what_is_saved_is_not_trained_again(tmp_path):
    fit(tmp_path, "model=mlp")
    rows, _ = fit(tmp_path, "model=mlp", "optimizer.lr=1e30")  # would diverge if a step were taken
    assert len(rows) == 4 and all(row["train_loss"] < 3 for row in rows)


def test_the_state_of_another_configuration_is_not_used(tmp_path, caplog):
    whole, _ = fit(tmp_path, "model=mlp")
    rows, _ = fit(tmp_path, "model=mlp", made_by={"config_sha256": "b"})
    assert rows == whole and "starts anew" in caplog.text


def damaged(content: bytes, at: float) -> bytes:
    """The bytes with one bit turned; cut short there for a negative place."""
    place = int(abs(at) * len(content))
    return content[:place] if at < 0 else content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.mark.parametrize("at", [-0.0001, -0.5, -0.999, 0.2, 0.4, 0.6, 0.8])
def test_a_damaged_state_is_recognised_and_the_one_before_it_used(tmp_path, caplog, at):
    (tmp_path / "whole").mkdir()
    whole_rows, whole = fit(tmp_path / "whole", "model=mlp")
    with pytest.raises(Cut):
        fit(tmp_path, "model=mlp", last=4)  # the states of epochs 3 and 2 are there
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(damaged(path.read_bytes(), at))
    rows, selected = fit(tmp_path, "model=mlp")
    assert "checkpoint.pt is not used" in caplog.text and "starts anew" not in caplog.text
    assert rows == whole_rows
    assert all(torch.equal(selected.weights[name], whole.weights[name]) for name in whole.weights)


def test_without_a_whole_state_the_run_starts_anew(tmp_path, caplog):
    whole, _ = fit(tmp_path, "model=mlp")
    for name in ("checkpoint.pt", "checkpoint.before.pt"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:1000])
    rows, _ = fit(tmp_path, "model=mlp")
    assert rows == whole and "starts anew" in caplog.text


@pytest.fixture(scope="module")
def parts():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["data=digits", "data.train_limit=64", "model=mlp", "model.hidden=[4]"])
    return build(config, prepare(config.data), CPU, "fp32")


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_whatever_a_save_is_cut_off_in_a_whole_state_stays(tmp_path, parts, monkeypatch, moment):
    """Before each of its changes of a name, of which the first makes the new file whole."""
    for epoch in (1, 2):
        Checkpoint(tmp_path, {}).save(parts, {"rows": ROWS[:epoch]})
    assert not (tmp_path / "checkpoint.pt").samefile(tmp_path / "checkpoint.before.pt")
    replace, seen = os.replace, []

    def cut(*paths):
        seen.append(paths)
        if len(seen) == moment:
            raise Cut
        replace(*paths)

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(Cut):
        Checkpoint(tmp_path, {}).save(parts, {"rows": ROWS[:3]})
    assert len(Checkpoint(tmp_path, {}).load(parts)["rows"]) == (2 if moment == 1 else 3)


def test_a_state_of_another_environment_is_gone_on_with_and_told(tmp_path, parts, caplog):
    Checkpoint(tmp_path, {}, {"torch": "2", "threads": 1}).save(parts, {"rows": ROWS[:2]})
    later = Checkpoint(tmp_path, {}, {"torch": "2", "threads": 2, "cpu": "x"})
    assert later.load(parts) == {"rows": ROWS[:2]} and later.earlier == [{"epochs": 2, "threads": 1, "cpu": "—"}]
    assert "threads: 1 then, 2 now" in caplog.text
    later.save(parts, {"rows": ROWS[:3]})
    last = Checkpoint(tmp_path, {}, later.environment)
    assert str(last.load(parts)["rows"]) == str(ROWS[:3]) and last.earlier == later.earlier


def test_a_state_that_would_fill_the_memory_is_not_read(tmp_path, parts, caplog):
    (tmp_path / "checkpoint.pt").touch()
    os.truncate(tmp_path / "checkpoint.pt", 2**31)  # of holes, which take no room on the disk
    assert Checkpoint(tmp_path, {}).load(parts) is None and "has 2,147,483,648 bytes, more than" in caplog.text


def test_rows_come_back_as_they_were(tmp_path, parts):
    Checkpoint(tmp_path, {}).save(parts, {"rows": ROWS})
    # As text: 1 and 1.0 are the same number but not the same metrics.csv, and a NaN is no number's equal.
    assert repr(Checkpoint(tmp_path, {}).load(parts)["rows"]) == repr(ROWS)
