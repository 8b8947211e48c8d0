"""The images that are shown are those of the data, under the very augmentation of a run."""

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from ablate.commands.data import pictures
from ablate.commands.data.composing import composed
from ablate.commands.data.facts import load
from ablate.commands.data.pictures import Grid, augmented, by_class, drawn, labelled, shares
from ablate.data.images import Images
from tests.processes import ablate


@pytest.fixture(scope="module")
def many() -> Images:
    """Three images of each of 22 classes; the pixels are the number of the class."""
    labels = torch.arange(22).repeat(3)
    pixels = labels.byte().reshape(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    return Images(pixels, labels, tuple(f"c{label}" for label in range(22)))


def test_each_class_has_its_own_images(many):
    found = drawn(many, seed=0)
    assert list(found) == list(many.classes)
    assert all(len(images) == 3 and (images == label).all() for label, images in enumerate(found.values()))


def test_another_seed_draws_others():
    pixels = torch.arange(200, dtype=torch.uint8).reshape(-1, 1, 1, 1)
    images = Images(pixels, torch.tensor([0] * 100 + [1] * 100), ("a", "b"))
    one, same, other = (drawn(images, seed)["b"] for seed in (0, 0, 1))
    assert one.equal(same) and not one.equal(other) and len(one) == 8 and one.min() >= 100


def test_few_classes_have_a_row_and_many_a_picture_each(many):
    found = drawn(many, seed=0)
    few = by_class({name: found[name] for name in many.classes[:20]})
    assert list(few.rows) == list(many.classes[:20]) and few.titles == {} and few.rows["c3"].shape == (3, 1, 2, 2)
    grid = by_class(found)
    assert [(label, len(row)) for label, row in grid.rows.items()] == [("1 to 8", 8), ("9 to 16", 8), ("17 to 22", 6)]
    assert grid.titles["17 to 22"] == [f"c{label}" for label in range(16, 22)]
    assert (grid.rows["17 to 22"][:, 0, 0, 0] == np.arange(16, 22)).all()


@pytest.fixture(scope="module")
def shown() -> Grid:
    asked = composed(["data=digits", "augmentation=[flip,cutout]", "augmentation.cutout.size=3", "seed=4"])
    data, _, _ = load(asked.config.data)
    return augmented(asked.config, asked.augmentations, data)


def test_a_row_is_what_a_run_trains_on(shown, tmp_path):
    words = ("augmentation=[flip,cutout]", "augmentation.cutout.size=3", "seed=4", "trainer.epochs=1", "model=mlp")
    ended = ablate(tmp_path, "train", "data=digits", *words, "hydra.run.dir=run")
    assert ended.returncode == 0, ended.stderr
    trained_on = np.load(tmp_path / "run/samples.npz")["images"]
    np.testing.assert_array_equal(shown.rows["flip, cutout (chosen)"], trained_on[:8])


def test_the_same_images_are_under_each_augmentation(shown):
    plain = shown.rows["none"]
    assert len(shown.rows) == 12 and {row.shape for row in shown.rows.values()} == {(8, 1, 8, 8)}
    for name in ("flip", "flip, cutout (chosen)"):
        for image, other in zip(plain, shown.rows[name], strict=True):
            kept = other != 0  # what is not cut out
            assert any((image[:, :, ::step][kept] == other[kept]).all() for step in (1, -1))
    assert not shown.rows["cutout"].any()  # 16 pixels round any of an 8x8 image


def test_labels_stand_above_what_is_mixed_only(shown):
    assert set(shown.titles) == {"none", "mixup", "cutmix"}
    assert all(title.isdigit() for title in shown.titles["none"])
    mixed = [line for title in shown.titles["cutmix"] for line in title.split("\n")]
    assert any("%" in line for line in mixed)


def test_a_chosen_option_is_marked_and_not_shown_twice():
    options = {name: OmegaConf.create(steps) for name, steps in {"b": {"x": 1, "y": 2}, "none": {}}.items()}
    assert list(labelled(OmegaConf.create({"x": 1, "y": 2}), options)) == ["none", "b (chosen)"]
    assert list(labelled(OmegaConf.create({"y": 2, "x": 1}), options)) == ["none", "y, x (chosen)", "b"]  # their order
    assert list(labelled(OmegaConf.create({}), options)) == ["none", "b"]


def test_shares_of_a_target():
    classes = ("cat", "dog", "a\x1b[31m")
    assert shares(np.array([0, 1, 0]), classes) == "dog"
    assert shares(np.array([0.704, 0.296, 0]), classes) == "70 % cat\n30 % dog"
    assert shares(np.array([0.001, 0, 0.999]), classes) == r"a\x1b[31m"


def test_large_pictures_are_shrunk(monkeypatch):
    monkeypatch.setattr(pictures, "SIDE", 2)
    pixels = torch.tensor([[0, 10, 0, 0], [20, 30, 0, 0], [8, 8, 255, 255], [8, 8, 255, 255]], dtype=torch.uint8)
    rows = by_class({"a": pixels.reshape(1, 1, 4, 4)}).rows
    assert rows["a"].tolist() == [[[[15, 0], [8, 255]]]]  # means of 2x2 pixels
