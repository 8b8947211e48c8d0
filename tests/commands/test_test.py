"""`ablate test` on real photographs: its numbers against scikit-learn's, and what it refuses."""

import json
import shutil

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from ablate.cli import test as verb
from ablate.commands.test import test as evaluated
from ablate.data.image_folder import image_folder
from ablate.evaluation import trained_model
from ablate.files import atomic
from ablate.runs import activation_maps, test_log, test_result
from ablate.runs.test_result import TestResult
from ablate.terminal.errors import InputError
from tests.commands.tested import refused, runs_of
from tests.processes import ablate


def test_the_numbers_are_scikit_learns(trained, run):
    from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, recall_score

    result = evaluated(run)
    network, images = trained_model.load(run), image_folder(str(trained / "photos"), 16, 1, "test")
    with torch.no_grad():
        logits = network.model(network.pixels(images.images))
    labels, taken = images.labels.numpy(), logits.argmax(1).numpy()
    assert result.images == len(labels) == 30
    assert result.accuracy == accuracy_score(labels, taken)
    assert result.confusion == confusion_matrix(labels, taken).tolist()
    assert result.loss == pytest.approx(log_loss(labels, logits.double().softmax(1).numpy()), rel=1e-5)
    assert list(result.per_class_accuracy.values()) == recall_score(labels, taken, average=None).tolist()
    assert test_result.read(run) == msgspec.convert(json.loads((run / "test.json").read_text()), TestResult)
    assert json.loads(json.dumps(test_result.as_dict(result))) == json.loads((run / "test.json").read_text())
    pictures = np.load(run / "test_mistakes.npz")
    wrong = [mistake.index for mistake in result.mistakes]
    assert sorted(wrong) == np.flatnonzero(labels != taken).tolist()
    assert (pictures["images"] == images.images[wrong].numpy()).all() and pictures["index"].tolist() == wrong


@pytest.mark.integration
def test_a_study_and_runs_in_one_command(study, tmp_path):
    """The choice by hand: the higher mean of the accuracies in the records; each of the four runs is tested once."""
    ended = ablate(tmp_path, "test", "s", "outputs/s/baseline/seed=1", "--rubric", "none")
    assert ended.returncode == 0, ended.stderr
    variants = {"baseline": [], "optimizer.lr=0.1": []}
    for name, values in variants.items():
        for seed in (0, 1):
            values.append(json.loads((study / name / f"seed={seed}/run.json").read_text())["metrics"]["val_accuracy"])
    assert np.mean(variants["optimizer.lr=0.1"]) != np.mean(variants["baseline"])
    chosen = max(variants, key=lambda name: np.mean(variants[name]))
    assert f"outputs/s: {chosen} has the highest mean validation accuracy of 2 variants" in ended.stdout
    names = dict.fromkeys([chosen, "baseline"])
    assert test_log.read_log(study / test_log.FILE) == (
        {f"{name}/seed={seed}": 1 for name in names for seed in (0, 1)},
        0,
    )
    for name in names:
        accuracies = [100 * test_result.read(study / name / f"seed={seed}").accuracy for seed in (0, 1)]
        assert f"{name}: test accuracy {np.mean(accuracies):.1f} ± {np.std(accuracies, ddof=1):.1f} %" in ended.stdout
    assert "Mark" not in ended.stdout


def test_uses_are_counted_and_shown(run, tmp_path):
    evaluated(run)
    ended = ablate(tmp_path, "test", str(run))
    assert ended.returncode == 0, ended.stderr
    assert "The test set has been used twice on this run." in ended.stdout
    assert "Mark" not in ended.stdout  # the assignment's are for CIFAR-10
    (tmp_path / "course.yaml").write_text("bands: [{from: 0, mark: 100}]")
    assert "Mark under the rubric course: 100 %" in ablate(tmp_path, "test", str(run), "--rubric", "course.yaml").stdout
    for name in ("confusion", "calibration", "mistakes"):
        with Image.open(run / "test" / f"{name}.png") as image:
            assert image.size[0] >= 700


def test_nothing_is_tested_if_something_cannot_be(study, run, tmp_path):
    other = study / "optimizer.lr=0.1/seed=1"
    atomic.write_json(other / "run.json", {**json.loads((other / "run.json").read_text()), "status": "running"})
    ended = ablate(tmp_path, "test", str(run), str(other))
    assert ended.returncode == 2 and ended.stdout == "" and ended.stderr.count("\n") == 1
    assert "not a completed run (it is running)" in ended.stderr
    assert "--allow-partial" in refused(run, study)
    assert "Unknown rubric assignmnt. Did you mean assignment?" in refused(run, "--rubric", "assignmnt")
    assert "nowhere is neither a run nor a study" in refused(run, "nowhere")
    (run / "test.json").write_text("{junk")
    assert "test.json cannot be read" in refused(run)
    assert not list(study.rglob("test_mistakes.npz")) and not (study / test_log.FILE).exists()


def test_a_missing_or_changed_test_set_is_refused(trained, run, tmp_path):
    settings = run / ".hydra/config.yaml"
    root = shutil.copytree(trained / "photos", tmp_path / "photos")
    settings.write_text(settings.read_text().replace(str(trained / "photos"), str(root)))
    (root / "test").rename(root / "away")
    with pytest.raises(InputError, match="photos has no test images"):
        evaluated(run)
    (root / "away").rename(root / "test")
    for part in ("train", "test"):
        (root / part / "china").rename(root / part / "temple")
    with pytest.raises(InputError, match=r"has 2 classes \(china, flower\), but the test set has 2 \(flower, temple\)"):
        evaluated(run)
    assert not (run / "test.json").exists() and not test_log.log_of(run)[0].exists()


def test_images_of_another_size_are_refused(run):
    settings = run / ".hydra/config.yaml"
    settings.write_text(settings.read_text().replace("image_size: 16", "image_size: 8"))
    with pytest.raises(
        InputError, match=r"expects images of 3 channels and 16 pixels, but those of the test set are \(3, 8"
    ):
        evaluated(run)


def test_a_network_without_numbers_is_refused(run):
    weights = torch.load(run / "model.pt", weights_only=True)
    torch.save({name: value * float("nan") for name, value in weights.items()}, run / "model.pt")
    with pytest.raises(InputError, match="not finite"):
        evaluated(run)


@pytest.mark.integration
def test_all_variants_on_the_test_set(study, capsys):
    """An MLP has no class activation maps."""
    assert verb([str(study), "--variants", "all"]) == 0
    printed = capsys.readouterr().out
    assert all(test_result.read(one).uses == 1 for one in runs_of(study))
    accuracies = [100 * test_result.read(one).accuracy for one in runs_of(study)[2:]]
    assert f"{np.mean(accuracies):.2f} ± {np.std(accuracies, ddof=1):.2f}" in printed
    assert "No class activation maps: n" in printed and not (study / "activation_maps.json").exists()


@pytest.mark.integration
def test_class_activation_maps_of_a_study(photo_folder, tmp_path):
    words = ["data=image_folder", f"data.root={photo_folder}", "data.image_size=16", "model=cnn", "trainer.epochs=3"]
    words += ["trainer.threads=1", "optimizer=adamw", "normalization=batch,none", "seed=0,1", "study.name=s"]
    assert ablate(tmp_path, "train", "-m", *words, "hydra/launcher=basic").returncode == 0
    ended = ablate(tmp_path, "test", "s")
    assert "Class activation maps of outputs/s/baseline/seed=" in ended.stdout, ended.stdout + ended.stderr
    record, images, maps = activation_maps.read(tmp_path / "outputs/s")
    source = image_folder(str(photo_folder), 16, 1, "train")
    networks = [trained_model.load(tmp_path / "outputs/s" / folder) for folder in record.folders]
    for place, image in enumerate(record.images):
        assert (source.images[image.index].numpy() == images[place]).all()
        assert source.labels[image.index] == image.label
        assert sum(predicted == image.label for predicted in image.predicted) == 1
        for network, predicted, confidence in zip(networks, image.predicted, image.confidence, strict=True):
            with torch.no_grad():
                shares = network.model(network.pixels(source.images[image.index][None])).softmax(1)[0]
            assert shares.argmax() == predicted and shares.max() == pytest.approx(confidence, abs=2e-3)
    assert maps.max() == 255
    before = {
        name: (tmp_path / "outputs/s" / name).read_bytes()
        for name in ("activation_maps.json", "test/activation_maps.png")
    }
    assert ablate(tmp_path, "test", "s").returncode == 0
    assert {name: (tmp_path / "outputs/s" / name).read_bytes() for name in before} == before
    for weights in tmp_path.rglob("model.pt"):
        weights.unlink()
    assert ablate(tmp_path, "report", "s").returncode == 0
    assert "class activation map" in (tmp_path / "outputs/s/report/report.html").read_text()
