"""The number of class weights is checked before a study of an image folder starts."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from ablate.config import CONF, register
from ablate.study.class_weights import check_class_weights
from ablate.terminal.errors import InputError

register()


def check(root: Path, *words: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        check_class_weights(compose("config", ["data=image_folder", f"data.root={root}", *words]))


@pytest.fixture
def folder(tmp_path):
    for name in ("train/cat", "train/dog", "train/.cache", "train/@eaDir", "test/cat"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("option", ["cross_entropy", "focal"])
def test_one_weight_for_each_class_folder(folder, option):
    with pytest.raises(InputError, match=r"loss.class_weights has 3 weights, but .*/train has 2 classes"):
        check(folder, f"loss={option}", "loss.class_weights=[1,2,3]")


@pytest.mark.parametrize("weights", ["[1,2]", "balanced", "null"])
def test_other_settings_are_accepted(folder, weights):
    check(folder, f"loss.class_weights={weights}")


def test_a_folder_that_is_elsewhere_is_not_checked(tmp_path):
    check(tmp_path / "elsewhere", "loss.class_weights=[1,2,3]")
