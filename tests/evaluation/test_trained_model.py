"""The network of a finished run: with its weights, without its training images, and not of another run."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from ablate.data.image_folder import image_folder
from ablate.evaluation import trained_model
from ablate.files import atomic
from ablate.terminal.errors import InputError
from tests.processes import ablate


@pytest.fixture(scope="module")
def trained(tmp_path_factory, photo_folder) -> Path:
    """A folder with a run on real photographs, whose mean and standard deviation were computed from them."""
    folder = tmp_path_factory.mktemp("trained")
    root = shutil.copytree(photo_folder, folder / "photos")
    words = ["data=image_folder", f"data.root={root}", "data.image_size=16", "data.mean=null", "data.std=null"]
    words += ["model=cnn", "normalization=batch", "trainer.epochs=1", "trainer.threads=1", "hydra.run.dir=run"]
    ended = ablate(folder, "train", *words)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def run(trained, tmp_path) -> Path:
    return shutil.copytree(trained / "run", tmp_path / "run")


def test_it_gives_the_logits_of_the_run_without_its_training_images(trained, run):
    """The validation logits, which training wrote down as float16."""
    import numpy as np

    images = image_folder(str(trained / "photos"), 16, 1, "train").images
    kept = np.load(run / "val_predictions.npz")
    shutil.move(trained / "photos/train", trained / "photos/away")
    try:
        network = trained_model.load(run)
    finally:
        shutil.move(trained / "photos/away", trained / "photos/train")
    assert (network.inputs.classes, network.inputs.channels, network.inputs.image_size) == (("china", "flower"), 3, 16)
    with torch.no_grad():
        logits = network.model(network.pixels(images[kept["index"]]))
    torch.testing.assert_close(logits, torch.from_numpy(kept["logits"]).float(), atol=2e-3, rtol=2e-3)
    assert not network.model.training


def test_a_record_without_inputs_is_completed_from_the_images(run):
    whole = json.loads((run / "run.json").read_text())
    expected = trained_model.load(run).inputs
    atomic.write_json(run / "run.json", {key: value for key, value in whole.items() if key != "inputs"})
    inputs = trained_model.load(run).inputs
    assert (inputs.classes, inputs.channels, inputs.image_size) == (
        expected.classes,
        expected.channels,
        expected.image_size,
    )
    assert torch.equal(inputs.mean, expected.mean) and torch.equal(inputs.std, expected.std)


def test_a_record_without_inputs_downloads_nothing(run, tmp_path):
    whole = json.loads((run / "run.json").read_text())
    atomic.write_json(run / "run.json", {key: value for key, value in whole.items() if key != "inputs"})
    path = run / ".hydra/config.yaml"
    path.write_text(path.read_text().replace("ablate.data.image_folder.image_folder", "ablate.data.download.mnist"))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="would be downloaded to .* Use --trust"):
        trained_model.load(run)
    assert sorted(tmp_path.rglob("*")) == before


WRONG = {
    "channels": {"channels": 4},
    "no deviation": {"std": [0.0, 1.0, 1.0]},
    "not a number": {"std": [float("inf"), 1.0, 1.0]},
    "size": {"image_size": 0},
    "text": {"mean": "0.5"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_record_that_contradicts_itself_is_refused(run, name):
    whole = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**whole, "inputs": {**whole["inputs"], **WRONG[name]}}))
    with pytest.raises(InputError, match=r"run\.json"):
        trained_model.load(run)


def test_a_run_that_is_not_finished_is_refused(run):
    atomic.write_json(run / "run.json", {**json.loads((run / "run.json").read_text()), "status": "interrupted"})
    with pytest.raises(InputError, match="not a completed run.*interrupted"):
        trained_model.load(run)


def test_weights_of_another_network_are_refused(run):
    weights = torch.load(run / "model.pt", weights_only=True)
    name = next(iter(weights))
    for changed in ({**weights, name: weights[name][:1]}, {**weights, "more": torch.zeros(1)}, [1, 2]):
        torch.save(changed, run / "model.pt")
        with pytest.raises(InputError, match="they do not fit the network of its configuration"):
            trained_model.load(run)
    (run / "model.pt").unlink()
    with pytest.raises(InputError, match="the run's weights are lost"):
        trained_model.load(run)
