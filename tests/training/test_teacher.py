"""A run that learns from another run (loss=distillation), as a user trains it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ablate.data.prepare import Inputs
from ablate.evaluation import trained_model
from ablate.loss import Distillation
from ablate.terminal.errors import InputError
from ablate.training.teacher import class_order, teacher_of
from tests.processes import ablate, record

SMALL = ("data=digits", "data.train_limit=64", "trainer.epochs=1", "model=mlp", "model.hidden=[8]", "trainer.threads=1")
STUDENT = ("train", *SMALL, "loss=distillation", "hydra.run.dir=student")


def test_logits_are_in_the_order_of_the_runs_classes():
    logits = torch.tensor([[1.0, 2.0, 3.0]])
    assert logits[:, class_order("run", ("a", "b", "c"), ("c", "a", "b"))].tolist() == [[3.0, 1.0, 2.0]]


@pytest.mark.parametrize("its", [("a", "b"), ("a", "b", "d"), ("a", "b", "c", "d")])
def test_a_teacher_of_other_classes_is_refused(its):
    with pytest.raises(
        InputError, match=r"^loss.teacher=run was trained on other classes \(a, b.* than this run \(a, b"
    ):
        class_order("run", its, ("a", "b", "c"))


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
def test_a_teacher_sees_the_same_images_scaled_as_in_its_own_training_and_answers_in_the_runs_order(folder):
    trained = trained_model.load(folder / "teacher")
    images = torch.randint(0, 256, (5, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    scaled = (images.float() / 255 - trained.inputs.mean.view(-1, 1, 1)) / trained.inputs.std.view(-1, 1, 1)
    with torch.no_grad():
        expected = trained.model(scaled)
    other = Inputs(trained.inputs.classes[::-1], 1, 8, torch.tensor([0.1]), torch.tensor([9.0]))
    teacher = teacher_of(Distillation(str(folder / "teacher"), 4, 0.9), other, torch.device("cpu"))
    torch.testing.assert_close(teacher(images)[0], expected.flip(1))


@pytest.mark.integration
def test_a_teacher_of_images_of_another_format_is_refused_when_runs_are_planned(folder, photo_folder):
    photos = ("data=image_folder", f"data.root={photo_folder}", "trainer.epochs=1", "model=mlp", "model.hidden=[4]")
    ended = ablate(folder, "train", *photos, "data.image_size=8", "hydra.run.dir=photo_teacher", "trainer.threads=1")
    assert ended.returncode == 0, ended.stderr
    student = (*photos, "loss=distillation", "loss.teacher=photo_teacher")
    accepted = ablate(folder, "plan", *student, "data.image_size=8", "data.mean=[0,0,0]", "seed=0,1")
    assert accepted.returncode == 0, accepted.stderr
    for words, formats in {
        (
            "data.image_size=12",
        ): "3x8x8 with data.resize=square, but this run has images of 3x12x12 with data.resize=square",
        ("data.image_size=8", "data.resize=shorter"): "but this run has images of 3x8x8 with data.resize=shorter"
        " data.crop_fraction=0.875. Use a teacher",
    }.items():
        for command in (("plan", "seed=0,1"), ("train", "-m", "seed=0,1"), ("train", "hydra.run.dir=refused")):
            ended = ablate(folder, *command, *student, *words)
            text = " ".join(ended.stderr.split())
            assert (
                ended.returncode == 2 and f"loss.teacher=photo_teacher was trained on images of {formats}"[-60:] in text
            )
            assert "epoch" not in text


@pytest.mark.integration
def test_a_run_is_reproduced_from_another_folder_with_its_teacher_elsewhere(folder, tmp_path):
    words = ("train", *SMALL, "loss=distillation", "loss.teacher=teacher", "hydra.run.dir=relative")
    ended = ablate(folder, *words)
    assert ended.returncode == 0, ended.stderr
    refused = ablate(tmp_path, "reproduce", str(folder / "relative"))
    assert refused.returncode == 2 and "which is missing. Pass its place with --teacher." in refused.stderr
    moved = ablate(tmp_path, "reproduce", str(folder / "relative"), "--teacher", str(folder / "teacher"))
    assert moved.returncode == 0 and "Identical: " in moved.stdout, moved.stdout + moved.stderr
    other = ablate(tmp_path, "reproduce", str(folder / "teacher"), "--teacher", str(folder / "teacher"))
    assert other.returncode == 2 and "was trained without loss.teacher. Remove --teacher." in other.stderr


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


WHOLE = ("data=digits", "trainer.epochs=1", "model=mlp", "model.hidden=[8]", "trainer.threads=1")
LEARNS = ("loss=distillation", "loss.teacher=teacher")
SEEN = "loss.teacher=teacher was trained with another split of the same images (data.split_seed 0 instead of 1)"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a teacher that is trained on all images that it does not validate on."""
    folder = tmp_path_factory.mktemp("split")
    assert ablate(folder, "train", *WHOLE, "hydra.run.dir=teacher").returncode == 0
    return folder


@pytest.mark.integration
def test_validation_images_that_the_teacher_was_trained_on_are_named_in_plan_run_and_report(whole):
    words = ("-m", "study.name=seen", *WHOLE, *LEARNS, "data.split_seed=1", "seed=0,1", "hydra/launcher=basic")
    planned = ablate(whole, "plan", *words[1:])
    assert planned.stderr.count(SEEN) == 1 and planned.returncode == 0, planned.stderr
    trained = ablate(whole, "train", *words)
    assert SEEN in trained.stderr and trained.returncode == 0, trained.stderr
    runs = [whole / "teacher", *(whole / f"outputs/seen/baseline/seed={seed}" for seed in (0, 1))]
    held_out, *validation = (set(np.load(run / "val_predictions.npz")["index"]) for run in runs)
    expected = [len(images - held_out) for images in validation]
    assert min(expected) > 100 and [record(run)["seen_by_teacher"] for run in runs[1:]] == expected
    reported = ablate(whole, "report", "seen")
    assert f"of 2 runs was trained on up to {max(expected)} of the validation images" in " ".join(
        reported.stdout.split()
    )


@pytest.mark.parametrize("words", [[], ["data.train_limit=64"], ["data.mean=[0.5]", "data.std=[0.5]"]])
def test_a_teacher_with_the_same_split_has_seen_none(whole, words):
    ended = ablate(whole, "train", *WHOLE, *LEARNS, *words, f"hydra.run.dir=same{len(words)}")
    assert ended.returncode == 0 and "another split" not in ended.stderr, ended.stderr
    assert "seen_by_teacher" not in record(whole / f"same{len(words)}")


@pytest.mark.integration
def test_of_a_teacher_on_other_images_nothing_is_known(whole):
    for seed in (0, 1):
        words = ["data.train_limit=64", f"data.split_seed={seed}", f"hydra.run.dir=limited{seed}"]
        words += ["loss=distillation", "loss.teacher=limited0"] * seed
        ended = ablate(whole, "train", *WHOLE, *words)
        assert ended.returncode == 0 and "another split" not in ended.stderr, ended.stderr
    assert "seen_by_teacher" not in record(whole / "limited1")
