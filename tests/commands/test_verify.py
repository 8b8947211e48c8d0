"""Whether weights have the recorded accuracy, compared with one computed from the run's logits."""

import json
import shutil

import numpy as np
import pytest
import torch

from ablate.commands import verify
from ablate.files import atomic
from ablate.runs import run_record
from ablate.terminal.errors import InputError
from tests.processes import SMALL, ablate


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    words = (*SMALL, "trainer.epochs=3", "model=mlp", "hydra.run.dir=one")
    assert ablate(folder, "train", *words).returncode == 0
    assert ablate(folder, "test", "one").returncode == 0
    return folder / "one"


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def change(path, **values):
    atomic.write_json(path, {**json.loads(path.read_text()), **values})


def test_both_accuracies_come_out(run):
    validation, test = verify.verify(run)
    with np.load(run / "val_predictions.npz") as file:
        right = float((file["logits"].argmax(1) == file["label"]).mean())
    assert (validation.part, validation.images) == ("validation", 288) and validation.measured == pytest.approx(right)
    counts = np.array(json.loads((run / "test.json").read_text())["confusion"])
    assert (test.part, test.images) == ("test", 360) == ("test", counts.sum())
    assert test.measured == pytest.approx(counts.trace() / 360) and validation.holds and test.holds


def test_the_accuracy_of_a_selected_epoch_is_verified_on_the_images_that_did_not_select_it(tmp_path):
    words = (*SMALL, "trainer.epochs=3", "model=mlp", "trainer.selection=best_val", "hydra.run.dir=one")
    assert ablate(tmp_path, "train", *words).returncode == 0
    (validation,) = verify.verify(tmp_path / "one")
    with np.load(tmp_path / "one/val_predictions.npz") as file:
        right, reporting = file["logits"].argmax(1) == file["label"], file["reporting"]
    assert validation.images == reporting.sum() == 144 and validation.holds
    assert validation.measured == pytest.approx(right[reporting].mean())
    assert right[reporting].mean() != right.mean()


def test_without_a_test_only_validation_is_verified(run):
    (run / "test.json").unlink()
    assert [one.part for one in verify.verify(run)] == ["validation"]


def test_other_weights_are_reported(run, capsys):
    weights = torch.load(run / "model.pt", weights_only=True)
    torch.save({name: -value for name, value in weights.items()}, run / "model.pt")
    assert verify.main([str(run)]) == 1
    output = capsys.readouterr().out
    recorded = f"differs from the recorded {100 * run_record.read(run).val_accuracy:.2f} %"
    assert recorded in output and output.count("differs from the recorded") == 2


def test_damaged_files_are_named_and_refused(run):
    content = (run / "val_predictions.npz").read_bytes()
    (run / "val_predictions.npz").write_bytes(content[: len(content) // 2])
    (run / "metrics.csv").unlink()
    (run / "model.pt").write_bytes((run / "model.pt").read_bytes()[:500])
    ended = ablate(run.parent, "verify", "run")
    lines = ended.stderr.strip().splitlines()
    assert (ended.returncode, ended.stdout, len(lines)) == (2, "", 3)
    assert lines[0] == "run/metrics.csv is missing." and lines[1].startswith("run/val_predictions.npz is damaged: ")
    assert lines[2].startswith("run/model.pt ")


def test_a_damaged_configuration_is_named_once(run):
    (run / ".hydra/config.yaml").write_text("[")
    with pytest.raises(InputError) as refused:
        verify.verify(run)
    assert str(refused.value).count("config.yaml") == 1


@pytest.mark.parametrize(
    ("recorded", "measured", "images", "holds"),
    [
        (0.5, 0.5, 10, True),
        (0.5, 0.6, 10, True),  # one image
        (0.5, 0.7, 10, False),
        (0.62, 0.621, 10_000, True),  # 0.1 points
        (0.62, 0.6212, 10_000, False),
        (0.62, 0.6188, 10_000, False),
    ],
)
def test_an_accuracy_may_be_a_tenth_of_a_point_or_one_image_off(recorded, measured, images, holds):
    one = verify.Verified("test", recorded, measured, images)
    assert one.holds == holds
    reading = "as recorded" if recorded == measured else f"the recorded {100 * recorded:.2f} %"
    assert str(one).endswith(reading) and ("differs" in str(one)) != holds


def test_what_cannot_be_verified_is_refused(run):
    change(run / "run.json", data_sha256="0" * 64)
    with pytest.raises(InputError, match="not those that .* was trained on"):
        verify.verify(run)
    change(run / "run.json", metrics={})
    with pytest.raises(InputError, match="records no validation accuracy"):
        verify.verify(run)
    change(run / "run.json", status="failed")
    with pytest.raises(InputError, match="not a completed run"):
        verify.verify(run)


def test_the_images_may_lie_elsewhere(photo_folder, tmp_path):
    moved = shutil.copytree(photo_folder, tmp_path / "photos")
    words = ("data=image_folder", "data.root=photos", "model=mlp", "model.hidden=[8]", *SMALL[2:], "hydra.run.dir=one")
    trained = ablate(tmp_path, "train", *words)
    assert trained.returncode == 0, trained.stderr
    moved.rename(tmp_path / "elsewhere")
    lost = ablate(tmp_path, "verify", "one")
    assert lost.returncode == 2 and "data.root=photos does not exist" in lost.stderr and "Traceback" not in lost.stderr
    ended = ablate(tmp_path, "verify", "one", "--data-root", "elsewhere")
    assert ended.returncode == 0 and "of 12 images, as recorded" in ended.stdout
