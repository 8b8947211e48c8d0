"""Runs on photographs at their own aspect ratio: streamed, killed and resumed, and used afterwards."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.processes import ablate, assert_the_same, epochs, finish, record, start, until

STEPS = "random_resized_crop,flip,crop,cutout,augmix,random_erasing,mixup_or_cutmix"


def words(root: Path, *more: str) -> tuple[str, ...]:
    data = f"data=image_folder data.root={root} data.image_size=24 data.resize=shorter data.val_fraction=0.4"
    augmentation = f"augmentation=[{STEPS}] augmentation.crop.padding=0.1 augmentation.cutout.size=0.25"
    model = "model=cnn normalization=batch optimizer.lr=0.1"
    trainer = "trainer.epochs=2 trainer.batch_size=4 trainer.precision=fp32 trainer.threads=1 hydra.run.dir=run"
    return ("train", *f"{data} {augmentation} {model} {trainer}".split(), *more)


@pytest.fixture(scope="module")
def trained(aspect_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    ended = ablate(folder, *words(aspect_folder))
    assert ended.returncode == 0, ended.stderr
    return folder / "run"


def test_photographs_from_disk_train_the_same_network(trained: Path, aspect_folder: Path, tmp_path: Path) -> None:
    ended = ablate(tmp_path, *words(aspect_folder, "data.memory_limit=0"))
    assert ended.returncode == 0, ended.stderr
    assert_the_same(tmp_path / "run", trained)
    assert record(tmp_path / "run")["data_sha256"] == record(trained)["data_sha256"]


def test_files_are_predicted_as_in_the_validation(trained: Path, aspect_folder: Path) -> None:
    files = sorted(aspect_folder.glob("train/*/*"))
    with np.load(trained / "val_predictions.npz") as saved:
        logits, chosen = torch.from_numpy(saved["logits"]).double(), [files[index] for index in saved["index"]]
    ended = ablate(
        trained.parent, "predict", "run", *map(str, chosen), "--format", "csv", "--top", "2", "--device", "cpu"
    )
    assert ended.returncode == 0, ended.stderr
    table = pd.read_csv(io.StringIO(ended.stdout))
    expected, order = logits.softmax(1).sort(1, descending=True)
    assert len(table) == len(chosen) >= 4
    assert expected[:, 0].std() > 0.01  # another crop would have other probabilities
    np.testing.assert_allclose(table[["probability", "probability_2"]], expected, atol=1e-4)
    assert table["class"].tolist() == [("china", "flower")[label] for label in order[:, 0]]


def test_the_test_set_is_resized_in_the_same_way(trained: Path, aspect_folder: Path) -> None:
    tested = ablate(trained.parent, "test", "run")
    on = ablate(trained.parent, "test", "run", "--on", str(aspect_folder / "test"))
    assert on.returncode == 0, on.stderr
    files = sorted(aspect_folder.glob("test/*/*"))
    predicted = ablate(trained.parent, "predict", "run", *map(str, files), "--format", "csv", "--device", "cpu")
    assert tested.returncode == predicted.returncode == 0, tested.stderr + predicted.stderr
    classes = pd.read_csv(io.StringIO(predicted.stdout))["class"]
    correct = np.mean([path.parent.name == name for path, name in zip(files, classes, strict=True)])
    assert f"test accuracy {100 * correct:.1f} %" in tested.stdout
    (other,) = (trained / "test-on").glob("*.json")
    (condition,) = json.loads(other.read_text())["conditions"]
    own = json.loads((trained / "test.json").read_text())
    assert (condition["loss"], condition["data_sha256"]) == (own["loss"], own["test_sha256"])


@pytest.mark.integration
def test_a_killed_run_resumes_with_the_same_bits(aspect_folder: Path, tmp_path: Path) -> None:
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    command = words(aspect_folder, "trainer.epochs=40")
    assert finish(start(tmp_path / "whole", *command))[0] == 0
    killed = start(tmp_path / "killed", *command)
    until(lambda: epochs(tmp_path / "killed/run") >= 3, killed)
    killed.kill()
    finish(killed)
    assert epochs(tmp_path / "killed/run") < 40
    status, output = finish(start(tmp_path / "killed", *command))
    assert status == 0 and "resumes from epoch" in output + (tmp_path / "killed/run/train.log").read_text()
    assert_the_same(tmp_path / "killed/run", tmp_path / "whole/run")


@pytest.mark.integration
def test_a_run_on_photographs_is_reproduced_and_exported(trained: Path, tmp_path: Path) -> None:
    ended = ablate(trained.parent, "reproduce", "run")
    assert ended.returncode == 0 and "bit for bit" in ended.stdout, ended.stderr
    ended = ablate(trained.parent, "export", "run", "--format", "pt2", "--output", str(tmp_path / "model.pt2"))
    assert ended.returncode == 0 and os.path.getsize(tmp_path / "model.pt2") > 0, ended.stderr
