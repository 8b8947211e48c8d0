"""Sample images come from the data set, and augmented ones equal those that a run trains on."""

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from ablate.commands.data import pictures
from ablate.commands.data.configuration import compose_data
from ablate.commands.data.facts import load
from ablate.commands.data.pictures import (
    Grid,
    augmentation_grid,
    class_grid,
    labeled_augmentations,
    sample_images,
    target_title,
)
from ablate.config import CONF
from ablate.data.images import Images
from tests.processes import ablate


@pytest.fixture(scope="module")
def many() -> Images:
    """Three images of each of 22 classes; all pixels equal the label."""
    labels = torch.arange(22).repeat(3)
    pixels = labels.byte().reshape(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    return Images(pixels, labels, tuple(f"c{label}" for label in range(22)))


def test_samples_are_images_of_their_class(many):
    samples = sample_images(many, seed=0)
    assert list(samples) == list(many.classes)
    assert all(len(images) == 3 and (images == label).all() for label, images in enumerate(samples.values()))


def test_another_seed_draws_other_images():
    pixels = torch.arange(200, dtype=torch.uint8).reshape(-1, 1, 1, 1)
    images = Images(pixels, torch.tensor([0] * 100 + [1] * 100), ("a", "b"))
    one, same, other = (sample_images(images, seed)["b"] for seed in (0, 0, 1))
    assert one.equal(same) and not one.equal(other) and len(one) == 8 and one.min() >= 100


def test_few_classes_get_a_row_and_many_an_image_each(many):
    samples = sample_images(many, seed=0)
    few = class_grid({name: samples[name] for name in many.classes[:20]})
    assert list(few.rows) == list(many.classes[:20]) and few.titles == {} and few.rows["c3"].shape == (3, 1, 2, 2)
    grid = class_grid(samples)
    assert [(label, len(row)) for label, row in grid.rows.items()] == [("1 to 8", 8), ("9 to 16", 8), ("17 to 22", 6)]
    assert grid.titles["17 to 22"] == [f"c{label}" for label in range(16, 22)]
    assert (grid.rows["17 to 22"][:, 0, 0, 0] == np.arange(16, 22)).all()


@pytest.fixture(scope="module")
def grid() -> Grid:
    composition = compose_data(["data=digits", "augmentation=[flip,cutout]", "augmentation.cutout.size=3", "seed=4"])
    data, *_ = load(composition.config.data)
    return augmentation_grid(composition.config, composition.augmentations, data)


def test_a_row_equals_the_images_that_a_run_trains_on(grid, tmp_path):
    words = ("augmentation=[flip,cutout]", "augmentation.cutout.size=3", "seed=4", "trainer.epochs=1", "model=mlp")
    process = ablate(tmp_path, "train", "data=digits", *words, "hydra.run.dir=run")
    assert process.returncode == 0, process.stderr
    training_images = np.load(tmp_path / "run/samples.npz")["images"]
    np.testing.assert_array_equal(grid.rows["flip, cutout (chosen)"], training_images[:8])


def test_each_row_augments_the_same_images(grid):
    plain = grid.rows["none"]
    options = len(list((CONF / "augmentation").glob("*.yaml")))
    assert len(grid.rows) == options + 1 and {row.shape for row in grid.rows.values()} == {(8, 1, 8, 8)}
    for name in ("flip", "flip, cutout (chosen)"):
        for image, other in zip(plain, grid.rows[name], strict=True):
            kept = other != 0  # not erased by cutout
            assert any((image[:, :, ::step][kept] == other[kept]).all() for step in (1, -1))
    assert not grid.rows["cutout"].any()  # a 16-pixel square covers an 8x8 image


def test_only_augmentations_that_mix_labels_have_titles(grid):
    assert set(grid.titles) == {"none", "mixup", "cutmix", "mixup_or_cutmix"}
    assert all(title.isdigit() for title in grid.titles["none"])
    mixed = [line for title in grid.titles["cutmix"] for line in title.split("\n")]
    assert any("%" in line for line in mixed)


def test_the_chosen_option_is_marked_and_listed_once():
    options = {name: OmegaConf.create(steps) for name, steps in {"b": {"x": 1, "y": 2}, "none": {}}.items()}
    assert list(labeled_augmentations(OmegaConf.create({"x": 1, "y": 2}), options)) == ["none", "b (chosen)"]
    assert list(labeled_augmentations(OmegaConf.create({"y": 2, "x": 1}), options)) == [
        "none",
        "y, x (chosen)",
        "b",
    ]  # the order matters
    assert list(labeled_augmentations(OmegaConf.create({}), options)) == ["none", "b"]


def test_the_title_of_a_target():
    classes = ("cat", "dog", "a\x1b[31m")
    assert target_title(np.array([0, 1, 0]), classes) == "dog"
    assert target_title(np.array([0.704, 0.296, 0]), classes) == "70 % cat\n30 % dog"
    assert target_title(np.array([0.001, 0, 0.999]), classes) == r"a\x1b[31m"


def test_large_images_are_shrunk(monkeypatch):
    monkeypatch.setattr(pictures, "SIDE", 2)
    pixels = torch.tensor([[0, 10, 0, 0], [20, 30, 0, 0], [8, 8, 255, 255], [8, 8, 255, 255]], dtype=torch.uint8)
    rows = class_grid({"a": pixels.reshape(1, 1, 4, 4)}).rows
    assert rows["a"].tolist() == [[[[15, 0], [8, 255]]]]  # means of 2x2 pixels
