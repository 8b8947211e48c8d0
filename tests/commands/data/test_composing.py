"""The words of `ablate train`, composed and refused as it does, and every augmentation."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ablate.commands.data.composing import composed
from ablate.config import CONF
from ablate.config.messages import sentence
from ablate.terminal.errors import InputError


def test_every_option_of_augmentation_is_there_with_its_steps():
    asked = composed(["data=digits", "augmentation=[cutout,flip]", "augmentation.cutout.size=3"])
    assert set(asked.augmentations) == {path.stem for path in (CONF / "augmentation").glob("*.yaml")}
    assert {name: list(steps) for name, steps in asked.augmentations.items() if len(steps) != 1} == {
        "none": [],
        "flip_crop": ["flip", "crop"],
    }
    assert list(asked.config.augmentation) == ["cutout", "flip"] and asked.config.augmentation.cutout.size == 3
    assert asked.augmentations["cutout"].cutout == OmegaConf.load(CONF / "augmentation/cutout.yaml").cutout
    assert "hydra" not in asked.config


def test_options_of_your_own_are_among_them(tmp_path):
    own = tmp_path / "it's mine"
    (own / "augmentation").mkdir(parents=True)
    (own / "augmentation/mirror.yaml").write_text("mirror: {_target_: ablate.augmentation.geometry.Flip, p: 1.0}")
    asked = composed(["data=digits", "augmentation=mirror"], own)
    assert asked.augmentations["mirror"] == asked.config.augmentation and len(asked.augmentations) == 12


@pytest.mark.parametrize(
    ("words", "name", "folder"),
    [
        (["data=digits"], "digits", "outputs/data/digits"),
        (["data=image_folder", "data.root=/some/cats"], "image_folder-cats", "outputs/data/image_folder-cats"),
        (["data=digits", "hydra.run.dir=a/b"], "digits", "a/b"),
        (["study=normalization", "data=digits"], "digits", "outputs/data/digits"),
    ],
)
def test_the_folder_is_named_after_the_data(words, name, folder):
    asked = composed(words)
    assert (asked.name, asked.folder) == (name, Path(folder))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data=digit"], "Did you mean digits?"),
        (["augmentation=flp"], "Did you mean flip?"),
        (["data=digits", "data.val_fractoin=0.1"], "Did you mean data.val_fraction?"),
        (["data=digits", "augmentation=flip,crop"], "[value1,value2]"),
        (["data=image_folder"], "data.root has no value"),
        (["data=digits", "augmentation=flip", "augmentation.flip.p=2"], "augmentation.flip.p=2.0 is not allowed"),
    ],
)
def test_what_could_not_be_trained_is_refused(words, said):
    with pytest.raises(Exception) as refused:
        composed(words)
    assert said in sentence(refused.value)


def test_a_folder_of_options_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        composed(["data=digits"], tmp_path / "nowhere")
