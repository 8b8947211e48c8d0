"""Reads stop at their limit, for any kind of file and for what it would unpack to."""

import io
import os
import zipfile

import pytest
import torch

from ablate.evaluation import trained_model
from ablate.files import bounded
from ablate.runs import read_config, run_record, study_plan
from ablate.runs.checkpoints import CHECKPOINT
from ablate.terminal.errors import InputError
from ablate.training.checkpoint import Checkpoint

ZEROS = bytes(20 * bounded.MIB)  # compress to a thousandth


def _packed(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_file_larger_than_the_limit_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert bounded.contents(tmp_path / "file", 5) == b"12345"
    with pytest.raises(InputError, match="file has 5 bytes, more than the limit of 4\\."):
        bounded.contents(tmp_path / "file", 4)


def test_pipes_devices_and_folders_are_refused(tmp_path):
    os.mkfifo(tmp_path / "run.json")
    for path in (tmp_path / "run.json", "/dev/zero", tmp_path):
        with pytest.raises(OSError):
            bounded.contents(path, 5)
    with pytest.raises(InputError, match="run.json"):
        run_record.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "read", "limit"),
    [
        ("run.json", run_record.read, run_record.LARGEST.size),
        ("study.json", study_plan.read, study_plan.LARGEST.size),
        (".hydra/config.yaml", read_config.read_config, read_config.LARGEST),
    ],
)
def test_every_record_has_a_limit(tmp_path, name, read, limit):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.truncate(path, limit + 1)  # a sparse file, which takes no space on the disk
    with pytest.raises(InputError, match=f"{path.name} has {limit + 1:,} bytes, more than the limit of {limit:,}\\."):
        read(tmp_path)


class _Malicious:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_weights_that_run_code_or_exceed_the_model_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = torch.nn.Linear(3, 2)
    torch.save({"weight": torch.ones(2, 3), "bias": torch.zeros(2)}, tmp_path / "model.pt")
    trained_model.load_weights(model, tmp_path / "model.pt")
    assert model(torch.ones(1, 3)).tolist() == [[3, 3]]
    torch.save({"weight": _Malicious()}, tmp_path / "model.pt")
    with pytest.raises(InputError, match="does not hold this run's weights"):
        trained_model.load_weights(model, tmp_path / "model.pt")
    assert not (tmp_path / "ran").exists()
    _packed(tmp_path / "model.pt", **{"archive/data.pkl": ZEROS})
    with pytest.raises(InputError, match="would unpack to|has a pickle of"):
        trained_model.load_weights(model, tmp_path / "model.pt")
    torch.save({"weight": torch.ones(1000, 1000)}, content := io.BytesIO())
    (tmp_path / "model.pt").write_bytes(content.getvalue())
    with pytest.raises(InputError, match="more than the"):
        trained_model.load_weights(model, tmp_path / "model.pt")


def test_a_checkpoint_that_runs_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"made_by": {}, "results": _Malicious()}, tmp_path / CHECKPOINT)
    assert Checkpoint(tmp_path, {}).load(None) is None
    assert not (tmp_path / "ran").exists()
    torch.load(tmp_path / CHECKPOINT, weights_only=False)
    assert (tmp_path / "ran").exists()  # the file does run code when it is trusted
