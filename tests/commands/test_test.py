"""`ablate test` on real photographs: its numbers against scikit-learn's, other test sets, and what it refuses."""

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from ablate.cli import test as verb
from ablate.commands.test import test as evaluated
from ablate.data.corruptions import corrupt
from ablate.data.image_folder import image_folder
from ablate.data.prepare import load_test
from ablate.evaluation import trained_model
from ablate.files import atomic
from ablate.runs import activation_maps, other_test, test_log, test_result
from ablate.runs.test_result import TestResult
from ablate.terminal.errors import InputError
from tests.processes import ablate


@pytest.fixture(scope="module")
def trained(tmp_path_factory, photo_folder) -> Path:
    """A folder with a study of two variants and two seeds on photographs, and the photographs."""
    folder = tmp_path_factory.mktemp("tested")
    root = shutil.copytree(photo_folder, folder / "photos")
    words = ["data=image_folder", f"data.root={root}", "data.image_size=16", "model=mlp", "model.hidden=[8]"]
    words += ["trainer.epochs=3", "trainer.threads=1", "optimizer.lr=0.001,0.1", "seed=0,1", "study.name=s"]
    ended = ablate(folder, "train", "-m", *words, "hydra/launcher=basic")
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def study(trained, tmp_path) -> Path:
    return shutil.copytree(trained / "outputs/s", tmp_path / "outputs/s")


@pytest.fixture
def run(study) -> Path:
    return study / "baseline/seed=0"


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


def refused(*words: object) -> str:
    """What is said of words that are refused."""
    with pytest.raises(InputError) as refusal:
        verb([str(word) for word in words])
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


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
        InputError, match=r"takes images of 3 channels and 16 pixels, but those of the test set are \(3, 8"
    ):
        evaluated(run)


def test_a_network_without_numbers_is_refused(run):
    weights = torch.load(run / "model.pt", weights_only=True)
    torch.save({name: value * float("nan") for name, value in weights.items()}, run / "model.pt")
    with pytest.raises(InputError, match="not finite"):
        evaluated(run)


def other(run, name):
    """The accuracies that a run has on another test set, by condition and severity."""
    result = other_test.read(run, name)
    return {(one.name, one.severity): one.accuracy for one in result.conditions}


def runs_of(study) -> list[Path]:
    return [study / variant / f"seed={seed}" for variant in ("baseline", "optimizer.lr=0.1") for seed in (0, 1)]


def test_another_test_set_is_that_of_scikit_learn(trained, study, run, capsys):
    """The test images as another folder: accuracy and calibration error are those of the test set."""
    own = evaluated(run)
    assert verb([str(study), "--on", str(trained / "photos/test"), "--name", "again", "--variants", "all"]) == 0
    printed = capsys.readouterr().out
    for one in runs_of(study):
        result = other_test.read(one, "again")
        assert result.images == 30 and [condition.name for condition in result.conditions] == [""]
    (condition,) = other_test.read(run, "again").conditions
    assert condition.accuracy == own.accuracy and condition.calibration_error == own.calibration_error
    assert condition.accuracy_interval == tuple(own.accuracy_interval) and condition.data_sha256 == own.test_sha256
    mean = np.mean([100 * other(one, "again")["", None] for one in runs_of(study)[:2]])
    assert f"| baseline         | 2           | {mean:.2f} ± " in printed and "optimizer.lr=0.1" in printed
    log = study / test_log.FILE
    assert test_log.count_others(log) == {"again": (1, 4)} and test_log.count_looks(log) == 1


def test_corrupted_test_images(study, run, capsys):
    assert verb([str(run), "--corrupt", "jpeg,contrast"]) == 0
    accuracies = other(run, "test-corrupted")
    names = ["jpeg_compression", "contrast"]
    assert list(accuracies) == [("clean", None), *((name, severity) for name in names for severity in range(1, 6))]
    assert accuracies["clean", None] == evaluated(run).accuracy
    network = trained_model.load(run)
    images = load_test(network.config.data)
    with torch.no_grad():
        pixels = torch.from_numpy(corrupt(images.images.numpy(), "contrast", 5))
        predicted = network.model(network.pixels(pixels)).argmax(1)
    assert accuracies["contrast", 5] == (predicted == images.labels).double().mean().item()
    mean = np.mean([100 * accuracies["contrast", severity] for severity in range(1, 6)])
    assert f"| contrast            | {mean:.2f}" in capsys.readouterr().out
    assert test_result.read(run).uses == 2  # the corrupted images were the first use


def test_runs_without_weights_are_holes_of_a_study(trained, study, run, capsys):
    words = ["--on", str(trained / "photos/test"), "--variants", "all"]
    (run / "model.pt").unlink()
    other_run = study / "optimizer.lr=0.1/seed=1"
    atomic.write_json(other_run / "run.json", {**json.loads((other_run / "run.json").read_text()), "status": "failed"})
    assert verb([str(study), *words]) == 0
    printed = capsys.readouterr().out
    assert f"Not tested: {other_run} is not completed (failed)." in printed
    assert f"Not tested: {run} has no weights (model.pt)." in printed
    assert [other_test.names(one) for one in runs_of(study)] == [[], ["photos-test"], ["photos-test"], []]
    assert "weights are lost" in refused(run, *words)
    for one in runs_of(study):
        (one / "model.pt").unlink(missing_ok=True)
    assert "No run can be tested." in refused(study, *words)


def test_a_name_is_of_one_set_of_images(trained, study, run):
    words = ["--on", str(trained / "photos/test"), "--name", "a"]
    assert verb([str(run), *words]) == 0
    before = (run / "test-on/a.json").read_text()
    sibling = study / "baseline/seed=1"
    for folder in (run, sibling):
        text = refused(folder, "--on", trained / "photos/train", "--name", "a")
        assert "a.json is of other images or corruptions. Pass another name" in text
    assert (run / "test-on/a.json").read_text() == before and other_test.names(sibling) == []
    assert verb([str(sibling), *words]) == 0 and verb([str(run), *words]) == 0


def test_options_that_make_no_sense_are_refused(trained, study, run):
    photos = trained / "photos/test"
    assert "--on test needs --corrupt" in refused(run, "--on", "test")
    assert "Unknown corruption 'fog'" in refused(run, "--corrupt", "fog")
    assert "No such" not in refused(run, "--on", photos / "nothing") and not (run / "test-on").exists()
    for name in ("../a", "a/b", "", ".a"):
        assert "cannot be the name of a file" in refused(run, "--on", photos, "--name", name)
    assert "--name is for a test set of --on" in refused(run, "--name", "a")
    assert not (study / test_log.FILE).exists()


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
