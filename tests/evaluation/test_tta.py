"""Views of test-time augmentation by hand, and their use wherever a run is evaluated."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from ablate.commands.export import export
from ablate.commands.predict import predict_pixels
from ablate.commands.test import test as evaluated
from ablate.commands.verify import verify
from ablate.data.prepare import load_test, prepare
from ablate.evaluation import trained_model, tta
from ablate.terminal.errors import InputError
from tests.processes import SMALL, ablate

IMAGE = torch.arange(16.0).view(1, 1, 4, 4)  # rows 0-3, 4-7, 8-11, 12-15


def test_none_is_only_the_image():
    (view,) = tta.none(IMAGE)
    assert view is IMAGE


def test_flip_mirrors_left_to_right():
    plain, mirrored = tta.flip(IMAGE)
    assert torch.equal(plain, IMAGE) and mirrored[0, 0, 0].tolist() == [3, 2, 1, 0]


def test_shift_moves_in_four_directions_and_pads_by_the_edge():
    still, up, down, left, right = (view[0, 0] for view in tta.shift(IMAGE))
    assert torch.equal(still, IMAGE[0, 0])
    assert up[:, 0].tolist() == [4, 8, 12, 12] and down[:, 0].tolist() == [0, 0, 4, 8]
    assert left[0].tolist() == [1, 2, 3, 3] and right[0].tolist() == [0, 0, 1, 2]


def test_shift_is_a_sixteenth_of_the_size():
    image = torch.rand(2, 3, 64, 64)
    _, up, *_ = tta.shift(image)
    assert torch.equal(up[:, :, :-4], image[:, :, 4:])


def test_flip_shift_mirrors_each_shifted_image():
    views = list(tta.flip_shift(IMAGE))
    assert len(views) == 10 and all(torch.equal(views[i].flip(3), views[i + 1]) for i in range(0, 10, 2))
    assert [name for name, option in tta.OPTIONS.items() if torch.equal(next(option(IMAGE)), IMAGE)] == [*tta.OPTIONS]


@pytest.fixture(scope="module")
def flipped(tmp_path_factory) -> Path:
    """A run on digits with trainer.tta=flip."""
    folder = tmp_path_factory.mktemp("flipped")
    words = (
        *SMALL,
        "model=mlp",
        "optimizer=adam",
        "trainer.epochs=30",
        "trainer.tta=flip",
        "trainer.precision=fp32",
        "hydra.run.dir=run",
    )
    assert ablate(folder, "train", *words).returncode == 0
    return folder / "run"


def by_hand(run: trained_model.Trained, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return (run.model(run.pixels(images)) + run.model(run.pixels(images.flip(3)))) / 2


def test_validation_test_and_verification_use_the_views(flipped):
    run = trained_model.load(flipped)
    val = prepare(run.config.data).val
    mean = by_hand(run, val.images)
    written = np.load(flipped / "val_predictions.npz")["logits"].astype(np.float32)
    torch.testing.assert_close(torch.from_numpy(written), mean, atol=2e-3, rtol=1e-3)  # saved as float16
    with torch.no_grad():
        assert not torch.allclose(mean, run.model(run.pixels(val.images)), atol=0.1)
    test = load_test(run.config.data)
    accuracy = (by_hand(run, test.images).argmax(1) == test.labels).double().mean().item()
    assert evaluated(flipped).accuracy == pytest.approx(accuracy)
    verified = verify(flipped)
    assert [one.part for one in verified] == ["validation", "test"] and all(one.holds for one in verified)


def test_predictions_and_exports_use_the_views(flipped):
    run = trained_model.load(flipped)
    images = load_test(run.config.data).images[:20]
    (block,) = predict_pixels(run, images, run.views, 1)
    assert [int(one.classes[0]) for one in block] == by_hand(run, images).argmax(1).tolist()
    program = torch.export.load(io.BytesIO(export(run, "pt2").content)).module()
    with torch.no_grad():
        torch.testing.assert_close(program(images), by_hand(run, images), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["rotate"], r"""trainer.tta="\['rotate'\]" is not one of none, flip"""),
        ("\x1b[31mflip", r"trainer.tta='\\x1b\[31mflip' is not one of"),
        ("x" * 20_000, "trainer.tta='x{79} is not one of"),
        ("${trainer.tta}", "cannot be resolved .*Recursive"),
        ("${nowhere.else}", "cannot be resolved .*nowhere.else"),
    ],
)
def test_unknown_views_are_refused(value, message, flipped, tmp_path):
    with pytest.raises(InputError, match=message):
        trained_model.load(changed(flipped, tmp_path / "other", {"tta": value}))


@pytest.mark.parametrize("trainer", [{}, {"tta": "???"}, [], None])
def test_a_run_without_this_setting_has_no_augmentation(trainer, flipped, tmp_path):
    assert trained_model.load(changed(flipped, tmp_path / "other", trainer)).tta == "none"


def changed(run: Path, folder: Path, trainer: object) -> Path:
    """Copy a run and replace `trainer` in its configuration."""
    shutil.copytree(run, folder)
    path = folder / ".hydra/config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"trainer": trainer}))
    return folder
