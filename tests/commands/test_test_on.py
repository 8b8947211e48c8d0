"""`ablate test --on` and `--corrupt`: another test set."""

import json

import numpy as np
import torch

from ablate.cli import test as verb
from ablate.commands.test import test as evaluated
from ablate.data.corruptions import corrupt
from ablate.data.prepare import load_test
from ablate.evaluation import trained_model
from ablate.files import atomic
from ablate.runs import other_test, test_log, test_result
from tests.commands.tested import refused, runs_of


def other(run, name):
    """The accuracies that a run has on another test set, by condition and severity."""
    result = other_test.read(run, name)
    return {(one.name, one.severity): one.accuracy for one in result.conditions}


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
