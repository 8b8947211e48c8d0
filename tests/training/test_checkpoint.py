"""The file of a checkpoint: its content, its limits, and an interrupted save."""

import os
import time

import pytest
import torch
from hydra import compose, initialize_config_dir

from ablate.config import CONF, register
from ablate.data.prepare import prepare
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import build
from tests.training.test_resume import Interrupted

register()
CPU = torch.device("cpu")
ROWS = [{"epoch": n, "step": 18 * n, "train_loss": 1 / (n - 3) if n != 3 else float("nan")} for n in range(1, 9)]


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


def test_a_checkpoint_is_due_at_first_and_a_second_after_the_last(tmp_path, parts):
    checkpoint = Checkpoint(tmp_path, {})
    assert checkpoint.is_due
    checkpoint.saved_at = time.monotonic() - 1.01
    assert checkpoint.is_due
    checkpoint.save(parts, {"rows": ROWS[:1]})
    assert not checkpoint.is_due


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
