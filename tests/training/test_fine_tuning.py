"""Runs that start from pretrained weights: a network trained on most digits, then tuned on few others."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from tests.processes import ablate, assert_the_same, epochs, record, start, until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(not find_spec("timm"), reason="timm is an optional extra")]
# The strides leave no convolution of stride 2 on a single pixel, whose gradient PyTorch leaves partly undefined.
NETWORK = ("data=digits", "trainer.threads=1", "model=timm", "model.name=test_resnet",
           "model.options={output_stride: 8}", "normalization=native", "activation=native",
           "optimizer=adamw", "optimizer.lr=0.002")  # fmt: skip
FEW = ("data.train_limit=60", "trainer.batch_size=16", "trainer.epochs=3", "data.split_seed=1")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights, and a study of them."""
    folder = tmp_path_factory.mktemp("tuning")
    ended = ablate(folder, "train", *NETWORK, "trainer.epochs=6", "hydra.run.dir=pre")
    assert ended.returncode == 0, ended.stderr
    shutil.copy(folder / "pre/model.pt", folder / "w.pt")
    ended = ablate(folder, *STUDY)
    assert ended.returncode == 0, ended.stderr
    return folder


STUDY = (
    "train",
    "-m",
    "study.name=s",
    *NETWORK,
    *FEW,
    "model.weights=w.pt,null",
    "model.freeze=null,all_but_head",
    "seed=0,1",
)
TUNED, FROZEN = "outputs/s/baseline/seed=0", "outputs/s/model.freeze=all_but_head/seed=0"


@pytest.fixture
def finished(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "copy")


def accuracy(folder: Path, variant: str) -> list[float]:
    return [record(folder / f"outputs/s/{variant}/seed={seed}")["metrics"]["val_accuracy"] for seed in (0, 1)]


def test_fine_tuning_and_linear_probing_beat_training_from_scratch(trained):
    scratch = max(accuracy(trained, "model.weights=null"))
    for variant in ("baseline", "model.freeze=all_but_head"):
        assert min(accuracy(trained, variant)) > scratch + 0.3


def test_frozen_layers_are_bit_equal_to_the_weights_and_the_others_are_not(trained):
    before = torch.load(trained / "w.pt", weights_only=True)
    frozen, tuned = (torch.load(trained / run / "model.pt", weights_only=True) for run in (FROZEN, TUNED))
    for name, value in before.items():
        assert torch.equal(frozen[name], value) is not name.startswith("fc.")
    assert not any(torch.equal(tuned[name], value) for name, value in before.items() if name.endswith("running_mean"))


def test_the_report_names_the_levels(trained):
    ended = ablate(trained, "report", "s")
    assert ended.returncode == 0 and "model.weights=null, model.freeze=all_but_head" in ended.stdout


def test_a_finished_run_needs_no_file_of_weights(finished):
    (finished / "w.pt").unlink()
    shutil.rmtree(finished / "pre")
    for words in (("verify",), ("test",), ("export", "--format", "torch")):
        ended = ablate(finished, words[0], TUNED, *words[1:])
        assert ended.returncode in (0, 2) and "weights" not in ended.stderr, ended.stderr
        assert words[0] == "export" or ended.returncode == 0, ended.stderr


def test_reproducing_needs_the_same_weights_wherever_they_are(finished):
    sha256 = record(finished / TUNED)["weights"]["model.weights"]
    (finished / "w.pt").rename(finished / "moved.pt")
    ended = ablate(finished, "reproduce", TUNED)
    assert ended.returncode == 2 and f"needs w.pt with SHA-256 {sha256}, which is missing" in ended.stderr
    ended = ablate(finished, "reproduce", TUNED, "--weights", "moved.pt")
    assert ended.returncode == 0 and "Identical: " in ended.stdout, ended.stdout + ended.stderr
    shutil.copy(finished / TUNED / "model.pt", finished / "w.pt")
    ended = ablate(finished, "reproduce", TUNED)
    assert ended.returncode == 2 and "has another content" in ended.stderr


def test_other_weights_at_the_same_place_make_a_finished_run_stale(finished):
    assert "8 runs, 8 of them already done" in ablate(finished, *STUDY).stderr
    shutil.copy(finished / TUNED / "model.pt", finished / "w.pt")
    refused = ablate(finished, *STUDY)
    assert refused.returncode == 2 and "model.weights was" in refused.stderr


WORDS = (*NETWORK, "data.train_limit=400", "trainer.epochs=5", "model.weights=w.pt", "model.freeze=[conv1,layer1]",
         "model.head_warmup_epochs=2", "optimizer.layer_decay=0.7",
         "model.options={output_stride: 8, drop_path_rate: 0.2}")  # fmt: skip


def test_a_killed_run_resumes_to_the_same_bits(finished):
    ended = ablate(finished, "train", *WORDS, "hydra.run.dir=whole")
    assert ended.returncode == 0, ended.stderr
    process = start(finished, "train", *WORDS, "hydra.run.dir=killed")
    until(lambda: epochs(finished / "killed") >= 3, process)
    process.kill()
    process.communicate()
    ended = ablate(finished, "train", *WORDS, "hydra.run.dir=killed")
    assert ended.returncode == 0 and "resumes from epoch" in ended.stderr, ended.stderr
    assert_the_same(finished / "whole", finished / "killed")
    before, after = (torch.load(finished / name, weights_only=True) for name in ("w.pt", "whole/model.pt"))
    same = {name for name, value in before.items() if torch.equal(after[name], value)}
    assert same == {name for name in before if name.startswith(("conv1.", "layer1."))}


def test_a_preset_fine_tunes_with_the_scaling_of_the_weights(finished, photo_folder):
    words = (
        "experiment=finetune",
        "data=image_folder",
        f"data.root={photo_folder}",
        "data.image_size=64",
        "trainer.epochs=2",
    )
    name = ("model.name=test_resnet", "trainer.threads=1", "hydra.run.dir=photos", "model.weights=null")
    ended = ablate(finished, "train", *words, *name)
    assert ended.returncode == 0, ended.stderr
    assert record(finished / "photos")["inputs"]["mean"] == [0.5, 0.5, 0.5]
    assert "pretrained" not in json.dumps((finished / "photos/.hydra/config.yaml").read_text())
