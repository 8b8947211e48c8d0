"""A resumed run has the same results as an uninterrupted one, bit for bit, also from a damaged checkpoint."""

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
from ablate.training import checkpoint, loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import build
from ablate.training.reporter import Reporter

register()
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def after_every_epoch(monkeypatch):
    """Epochs of milliseconds have a checkpoint each, as epochs of at least a second have."""
    monkeypatch.setattr(checkpoint, "INTERVAL_SECONDS", 0)


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


def test_epochs_since_the_last_checkpoint_are_trained_again_with_the_same_results(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(checkpoint, "INTERVAL_SECONDS", 3600)
    check_resumed(caplog, tmp_path, "model=mlp", "normalization=batch", "schedule=cosine", last=4, first=2)


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
