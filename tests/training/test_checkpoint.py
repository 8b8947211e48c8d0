"""A resumed run has the same results as an uninterrupted one, bit for bit."""

import os
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hydra import compose, initialize_config_dir
from rich.console import Console

from ablate.config import CONF, register
from ablate.data.batches import resident
from ablate.data.prepare import prepare
from ablate.training import checkpoint as checkpoints
from ablate.training import loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import build
from ablate.training.reporter import Reporter

register()
CPU = torch.device("cpu")


ROWS = [{"epoch": n, "step": 18 * n, "train_loss": 1 / (n - 3) if n != 3 else float("nan")} for n in range(1, 9)]


@pytest.fixture(autouse=True)
def after_every_epoch(monkeypatch):
    """Epochs of milliseconds have a checkpoint each, as epochs of at least a second have."""
    monkeypatch.setattr(checkpoints, "INTERVAL_SECONDS", 0)


class Interrupted(Exception):
    """Simulates the end of the process."""


class Rows(list):
    """A logger that stores its rows, and interrupts the run at an epoch."""

    def __init__(self, last: int | None = None) -> None:
        self.last = last

    def log(self, row: dict) -> None:
        self.append(row)
        if row["epoch"] == self.last:
            raise Interrupted


def fit(folder: Path, *words: str, last: int | None = None, made_by: dict | None = None, precision: str = "fp32"):
    """Train as in a new process; return the rows of all epochs and the selected epoch."""
    common = ["data=digits", "data.train_limit=100", "trainer.epochs=4", "trainer.batch_size=32", "trainer.threads=1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*common, *words])
    data = prepare(config.data)
    parts = build(config, data, CPU, precision)
    with open("/dev/null", "w") as nowhere:
        console, rows = Console(file=nowhere), Rows(last)
        reporter = Reporter([rows], console, config.trainer.epochs)
        saved = Checkpoint(folder, made_by or {"config_sha256": "a"})
        selected, _, _ = loop.fit(parts, resident(data, CPU), config, reporter, saved)
    return [{n: v for n, v in row.items() if n not in ("seconds", "images_per_second")} for row in rows], selected


@cache
def whole(*words: str, precision: str = "fp32"):
    """The same of a run that nothing interrupts, trained once for all tests that compare with it."""
    with TemporaryDirectory() as folder:
        return fit(Path(folder), *words, precision=precision)


def check_resumed(
    caplog, folder: Path, *words: str, last: int, precision: str = "fp32", first: int | None = None
) -> None:
    """Interrupt a run after an epoch, resume it, by default with this epoch, and compare it with one uninterrupted."""
    with pytest.raises(Interrupted):
        fit(folder, *words, last=last, precision=precision)
    caplog.set_level("INFO")
    rows, selected = fit(folder, *words, precision=precision)
    # The epoch itself has no checkpoint yet when its row is logged.
    assert f"resumes from epoch {first or last} of 4" in caplog.text and "is not used" not in caplog.text
    expected_rows, expected = whole(*words, precision=precision)
    assert rows == expected_rows and selected.row["epoch"] == expected.row["epoch"]
    assert selected.weights.keys() == expected.weights.keys()
    assert all(torch.equal(selected.weights[name], expected.weights[name]) for name in expected.weights)
    assert torch.equal(selected.val_logits, expected.val_logits)


OPTIMIZERS = sorted(path.stem for path in (CONF / "optimizer").glob("*.yaml"))
SETTINGS = {
    "every optimizer": [["model=mlp", f"optimizer={name}"] for name in OPTIMIZERS],
    "steps of several batches, an average over epochs": [
        ["model=mlp", "normalization=batch", "trainer.accumulate=2", "trainer.swa_start=2", "augmentation=flip_crop"],
    ],
    "statistics, dropout, augmentation": [
        ["model=alexnet", "normalization=batch", "augmentation=[flip_crop,cutout,mixup]", "schedule=cosine"],
        ["model=cnn", "augmentation=trivialaugment", "schedule=one_cycle"],
    ],
    "averages, selection, views": [
        ["model=mlp", "trainer.ema=0.9", "trainer.selection=best_val", "trainer.tta=flip_shift", "optimizer.lr=0.3"]
    ],
}


SLOW = [SETTINGS["statistics, dropout, augmentation"][0]]
ALL = [words for several in SETTINGS.values() for words in several]


@pytest.mark.parametrize(
    "words",
    [pytest.param(words, marks=[pytest.mark.integration] * (words in SLOW), id=" ".join(words)) for words in ALL],
)
@pytest.mark.parametrize("last", [2, pytest.param(3, marks=pytest.mark.integration)])
def test_an_interrupted_run_has_the_same_results(tmp_path, caplog, words, last):
    with pytest.raises(Interrupted):
        fit(tmp_path, *words, last=1)  # before the first checkpoint
    with pytest.raises(Interrupted):
        fit(tmp_path, *words, last=last)
    check_resumed(caplog, tmp_path, *words, last=last)  # interrupted again, at the same epoch


MEANS = ("trainer.ema=null", "trainer.ema=0.9", "trainer.swa_start=2")
NETWORK = ("model=mlp", "model.hidden=[8]", "normalization=batch", "augmentation=flip_crop", "trainer.batch_size=8")


@pytest.mark.integration
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_with_every_optimizer_and_average_an_interrupted_run_has_the_same_results(
    tmp_path, caplog, optimizer, accumulate, mean, precision
):
    if optimizer == "schedule_free" and mean != MEANS[0]:
        pytest.skip("a schedule-free optimizer has its own average")
    words = (*NETWORK, f"optimizer={optimizer}", f"trainer.accumulate={accumulate}", mean)
    check_resumed(caplog, tmp_path, *words, last=3, precision=precision)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["kron", "adafactorbv", "lookahead_lion", "adan", "lamb", "mars", "madgrad", "adopt"])
def test_with_an_optimizer_of_timm_an_interrupted_run_has_the_same_results(tmp_path, caplog, name):
    check_resumed(caplog, tmp_path, *NETWORK, "optimizer=timm", f"optimizer.name={name}", last=3)


def test_the_scale_of_the_loss_is_restored(tmp_path, caplog):
    """A checkpoint in fp16 restores the scale, and is not used in fp32."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["data=digits", "data.train_limit=32", "model=mlp", "model.hidden=[4]"])
    data = prepare(config.data)
    scales = []
    for folder, precision in ((tmp_path, "fp16"), (tmp_path, "fp16"), (tmp_path, "fp32")):
        parts = build(config, data, CPU, precision)
        loaded = Checkpoint(folder, {}).load(parts)
        scales.append((loaded is not None, parts.scaler.get_scale()))
        if precision == "fp16":
            parts.scaler.scale(torch.ones(()))  # creates its state
            parts.scaler.update(1024.0)
            Checkpoint(folder, {}).save(parts, {"rows": ROWS[:1]})
    assert scales == [(False, 65536.0), (True, 1024.0), (False, 1.0)]
    assert "schedule or precision differs" in caplog.text


def test_epochs_since_the_last_checkpoint_are_trained_again_with_the_same_results(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(checkpoints, "INTERVAL_SECONDS", 3600)
    check_resumed(caplog, tmp_path, "model=mlp", "normalization=batch", "schedule=cosine", last=4, first=2)


def test_a_checkpoint_is_due_at_first_and_a_second_after_the_last(tmp_path, parts, monkeypatch):
    monkeypatch.undo()
    checkpoint = Checkpoint(tmp_path, {})
    assert checkpoint.is_due
    checkpoint.saved_at = time.monotonic() - 1.01
    assert checkpoint.is_due
    checkpoint.save(parts, {"rows": ROWS[:1]})
    assert not checkpoint.is_due


def test_saved_epochs_are_not_trained_again(tmp_path):
    fit(tmp_path, "model=mlp")
    rows, _ = fit(tmp_path, "model=mlp", "optimizer.lr=1e30")  # would diverge if a step were taken
    assert len(rows) == 4 and all(row["train_loss"] < 3 for row in rows)


def test_the_checkpoint_of_another_configuration_is_not_used(tmp_path, caplog):
    fit(tmp_path, "model=mlp")
    rows, _ = fit(tmp_path, "model=mlp", made_by={"config_sha256": "b"})
    assert rows == whole("model=mlp")[0] and "no valid checkpoint" in caplog.text


def damaged(content: bytes, at: float) -> bytes:
    """Flip one bit at the fraction `at`; truncate there if it is negative."""
    position = int(abs(at) * len(content))
    return (
        content[:position] if at < 0 else content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :]
    )


@pytest.mark.parametrize("at", [-0.0001, -0.5, -0.999, 0.2, 0.4, 0.6, 0.8])
def test_a_damaged_checkpoint_is_detected_and_the_previous_one_used(tmp_path, caplog, at):
    with pytest.raises(Interrupted):
        fit(tmp_path, "model=mlp", last=4)  # the checkpoints of epochs 3 and 2 exist
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(damaged(path.read_bytes(), at))
    rows, selected = fit(tmp_path, "model=mlp")
    assert "checkpoint.pt is not used" in caplog.text and "no valid checkpoint" not in caplog.text
    expected_rows, expected = whole("model=mlp")
    assert rows == expected_rows
    assert all(torch.equal(selected.weights[name], expected.weights[name]) for name in expected.weights)


def test_without_a_valid_checkpoint_training_starts_from_the_beginning(tmp_path, caplog):
    fit(tmp_path, "model=mlp")
    for name in ("checkpoint.pt", "checkpoint.before.pt"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:1000])
    rows, _ = fit(tmp_path, "model=mlp")
    assert rows == whole("model=mlp")[0] and "no valid checkpoint" in caplog.text


@pytest.fixture(scope="module")
def parts():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["data=digits", "data.train_limit=64", "model=mlp", "model.hidden=[4]"])
    return build(config, prepare(config.data), CPU, "fp32")


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_an_interrupted_save_leaves_a_valid_checkpoint(tmp_path, parts, monkeypatch, moment):
    """Interrupted before each rename of a file; the first one completes the new checkpoint."""
    for epoch in (1, 2):
        Checkpoint(tmp_path, {}).save(parts, {"rows": ROWS[:epoch]})
    assert not (tmp_path / "checkpoint.pt").samefile(tmp_path / "checkpoint.before.pt")
    replace, calls = os.replace, []

    def interrupt(*paths):
        calls.append(paths)
        if len(calls) == moment:
            raise Interrupted
        replace(*paths)

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(Interrupted):
        Checkpoint(tmp_path, {}).save(parts, {"rows": ROWS[:3]})
    assert len(Checkpoint(tmp_path, {}).load(parts)["rows"]) == (2 if moment == 1 else 3)


def test_a_checkpoint_written_in_the_background_has_the_state_of_its_epoch(tmp_path, parts):
    weight = next(iter(parts.model.parameters()))
    checkpoint, expected = Checkpoint(tmp_path, {}), []
    with torch.no_grad(), checkpoint.in_background():
        for epoch in (1, 2, 3):
            weight.fill_(epoch)
            expected.append(weight.clone())
            checkpoint.save(parts, {"rows": ROWS[:epoch]})
            weight.fill_(-1)  # as the next epoch changes it while the file is written
    for path, epoch in ((checkpoint.path, 3), (checkpoint.previous, 2)):
        saved = torch.load(path, weights_only=True)
        assert torch.equal(next(iter(saved["model"].values())), expected[epoch - 1])
    assert len(Checkpoint(tmp_path, {}).load(parts)["rows"]) == 3 and torch.equal(weight, expected[2])


@pytest.mark.parametrize("later", [True, False])
def test_an_error_of_a_checkpoint_written_in_the_background_is_raised(tmp_path, parts, later):
    """By the next checkpoint, or at the end of training."""
    checkpoint, saved = Checkpoint(tmp_path / "missing", {}), 0
    with pytest.raises(FileNotFoundError, match="missing"), checkpoint.in_background():
        for epoch in (1, 2) if later else (1,):
            checkpoint.save(parts, {"rows": ROWS[:epoch]})
            saved += 1
    assert saved == 1


def test_a_checkpoint_of_another_environment_is_used_and_recorded(tmp_path, parts, caplog):
    Checkpoint(tmp_path, {}, {"torch": "2", "threads": 1}).save(parts, {"rows": ROWS[:2]})
    later = Checkpoint(tmp_path, {}, {"torch": "2", "threads": 2, "cpu": "x"})
    assert later.load(parts) == {"rows": ROWS[:2]} and later.earlier == [{"epochs": 2, "threads": 1, "cpu": "—"}]
    assert "threads: 1 then, 2 now" in caplog.text
    later.save(parts, {"rows": ROWS[:3]})
    last = Checkpoint(tmp_path, {}, later.environment)
    assert str(last.load(parts)["rows"]) == str(ROWS[:3]) and last.earlier == later.earlier


def test_a_checkpoint_that_fits_only_in_part_changes_nothing(tmp_path, parts):
    before = {name: value.clone() for name, value in parts.model.state_dict().items()}
    Checkpoint(tmp_path, {}).save(parts, {"rows": ROWS[:1]})
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    saved["model"] = {name: torch.zeros_like(value) for name, value in saved["model"].items()}
    torch.save({**saved, "optimizer": {}}, tmp_path / "checkpoint.pt")
    assert Checkpoint(tmp_path, {}).load(parts) is None
    assert all(torch.equal(parts.model.state_dict()[name], before[name]) for name in before)


def test_a_checkpoint_above_the_size_limit_is_not_read(tmp_path, parts, caplog):
    (tmp_path / "checkpoint.pt").touch()
    os.truncate(tmp_path / "checkpoint.pt", 2**31)  # a sparse file, which takes no space on the disk
    assert (
        Checkpoint(tmp_path, {}).load(parts) is None and "has 2,147,483,648 bytes, more than the limit" in caplog.text
    )


def test_rows_are_restored_with_their_types(tmp_path, parts):
    Checkpoint(tmp_path, {}).save(parts, {"rows": ROWS})
    # As text, since 1 and 1.0 are equal but differ in metrics.csv, and NaN is not equal to itself.
    assert repr(Checkpoint(tmp_path, {}).load(parts)["rows"]) == repr(ROWS)
