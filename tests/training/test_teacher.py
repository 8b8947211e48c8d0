"""A run that learns from another run (loss=distillation), as a user trains it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ablate.data.prepare import Inputs
from ablate.terminal.errors import InputError
from ablate.training.teacher import check
from tests.processes import ablate, record

SMALL = ("data=digits", "data.train_limit=64", "trainer.epochs=1", "model=mlp", "model.hidden=[8]", "trainer.threads=1")
STUDENT = ("train", *SMALL, "loss=distillation", "hydra.run.dir=student")


def inputs(channels: int, image_size: int) -> Inputs:
    return Inputs(("a", "b"), channels, image_size, torch.zeros(channels), torch.ones(channels))


@pytest.mark.parametrize(("channels", "image_size"), [(1, 8), (3, 9)])
def test_a_teacher_of_images_of_another_shape_is_refused(channels, image_size):
    message = rf"^loss.teacher=run was trained on images of {channels}x{image_size}x{image_size}, .* images of 3x8x8\."
    with pytest.raises(InputError, match=message):
        check("run", inputs(channels, image_size), inputs(3, 8))
    check("run", inputs(3, 8), inputs(3, 8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a teacher that is trained for so short a time that it is sure of no class."""
    folder = tmp_path_factory.mktemp("distillation")
    words = ("train", *SMALL, "trainer.epochs=2", "hydra.run.dir=teacher")
    ended = ablate(folder, *words)
    assert ended.returncode == 0, ended.stderr
    return folder


def logits(run: Path) -> torch.Tensor:
    return torch.from_numpy(np.load(run / "val_predictions.npz")["logits"]).float()


@pytest.mark.integration
def test_a_student_comes_near_its_teacher_and_other_weights_of_it_are_another_run(folder):
    words = (
        *STUDENT,
        "trainer.epochs=20",
        "loss.teacher=teacher",
        "loss.alpha=1",
        "optimizer=adamw",
        "optimizer.lr=0.01",
        "seed=1",
    )
    ended = ablate(folder, *words)
    assert ended.returncode == 0, ended.stderr
    alone = ablate(folder, *words, "loss.alpha=0", "hydra.run.dir=alone")
    assert alone.returncode == 0, alone.stderr
    p, q, r = (logits(folder / name).softmax(1) for name in ("teacher", "student", "alone"))
    assert (q - p).abs().mean() < 0.5 * (r - p).abs().mean()
    (key, digest) = next(iter(record(folder / "student")["weights"].items()))
    assert key == "loss.teacher" and len(digest) == 64
    assert "weights" not in record(folder / "teacher")
    path = folder / "teacher/model.pt"
    content = path.read_bytes()
    try:
        torch.save({name: 2 * value for name, value in torch.load(path).items()}, path)
        other = ablate(folder, *words, "hydra.run.dir=student2")
        assert other.returncode == 0, other.stderr
    finally:
        path.write_bytes(content)
    then, now = (json.loads((folder / name / "run.json").read_text()) for name in ("student", "student2"))
    assert then["config_sha256"] != now["config_sha256"] and then["weights"] != now["weights"]


def refused(folder: Path, *words: str) -> str:
    ended = ablate(folder, *STUDENT, *words, "hydra.run.dir=refused")
    assert ended.returncode == 2 and "Traceback" not in ended.stderr, ended.stderr
    return ended.stderr


@pytest.mark.integration
def test_a_teacher_that_is_none_is_refused_when_the_run_is_planned(folder):
    assert "loss.teacher has no value" in refused(folder)
    assert "loss.teacher: there is no file" in refused(folder, "loss.teacher=elsewhere")
    planned = ablate(folder, "plan", *SMALL, "loss=distillation", "loss.teacher=elsewhere", "seed=0,1")
    assert planned.returncode == 2 and "loss.teacher: there is no file" in planned.stderr


@pytest.mark.integration
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("classes", [f"class {n}" for n in range(10)], "was trained on other classes (class 0, class 1, class 2 and 7"),
        ("status", "failed", "is not a completed run"),
    ],
)
def test_a_teacher_of_other_data_is_refused_in_a_sentence(folder, key, value, message):
    path = folder / "teacher/run.json"
    content = path.read_text()
    try:
        path.write_text(json.dumps({**json.loads(content), key: value}))
        assert message in " ".join(refused(folder, "loss.teacher=teacher").split())
    finally:
        path.write_text(content)


@pytest.mark.integration
def test_a_teacher_whose_configuration_names_foreign_code_is_refused(folder):
    path = folder / "teacher/.hydra/config.yaml"
    content = path.read_text()
    try:
        path.write_text(content.replace("ablate.model.mlp", "os.system", 1))
        assert "os.system" in refused(folder, "loss.teacher=teacher")
    finally:
        path.write_text(content)
