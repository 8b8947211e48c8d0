"""`ablate data` composes and validates the overrides of `ablate train`."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ablate.commands.data.configuration import compose_data
from ablate.config import CONF
from ablate.config.messages import sentence
from ablate.terminal.errors import InputError


def test_every_option_of_augmentation_is_composed():
    composition = compose_data(["data=digits", "augmentation=[cutout,flip]", "augmentation.cutout.size=3"])
    assert set(composition.augmentations) == {path.stem for path in (CONF / "augmentation").glob("*.yaml")}
    assert {name: list(steps) for name, steps in composition.augmentations.items() if len(steps) != 1} == {
        "none": [],
        "flip_crop": ["flip", "crop"],
    }
    assert (
        list(composition.config.augmentation) == ["cutout", "flip"] and composition.config.augmentation.cutout.size == 3
    )
    assert composition.augmentations["cutout"].cutout == OmegaConf.load(CONF / "augmentation/cutout.yaml").cutout
    assert "hydra" not in composition.config


def test_options_in_a_config_dir_are_composed(tmp_path):
    config_dir = tmp_path / "it's quoted"
    (config_dir / "augmentation").mkdir(parents=True)
    (config_dir / "augmentation/mirror.yaml").write_text(
        "mirror: {_target_: ablate.augmentation.geometry.Flip, p: 1.0}"
    )
    composition = compose_data(["data=digits", "augmentation=mirror"], config_dir)
    assert composition.augmentations["mirror"] == composition.config.augmentation
    ours = {path.stem for path in (CONF / "augmentation").glob("*.yaml")}
    assert set(composition.augmentations) == ours | {"mirror"}


@pytest.mark.parametrize(
    ("overrides", "name", "folder"),
    [
        (["data=digits"], "digits", "outputs/data/digits"),
        (["data=image_folder", "data.root=/some/cats"], "image_folder-cats", "outputs/data/image_folder-cats"),
        (["data=digits", "hydra.run.dir=a/b"], "digits", "a/b"),
        (["study=normalization", "data=digits"], "digits", "outputs/data/digits"),
    ],
)
def test_the_folder_is_named_after_the_data(overrides, name, folder):
    composition = compose_data(overrides)
    assert (composition.name, composition.folder) == (name, Path(folder))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=digit"], "Did you mean digits?"),
        (["augmentation=flp"], "Did you mean flip?"),
        (["data=digits", "data.val_fractoin=0.1"], "Did you mean data.val_fraction?"),
        (["data=digits", "augmentation=flip,crop"], "a comma separates values"),
        (["data=image_folder"], "data.root has no value"),
        (["data=digits", "augmentation=flip", "augmentation.flip.p=2"], "augmentation.flip.p=2.0 is not allowed"),
    ],
)
def test_an_invalid_configuration_is_refused(overrides, message):
    with pytest.raises(Exception) as refused:
        compose_data(overrides)
    assert message in sentence(refused.value)


def test_a_missing_config_dir_is_refused(tmp_path):
    with pytest.raises(InputError, match="nowhere: the folder does not exist"):
        compose_data(["data=digits"], tmp_path / "nowhere")
