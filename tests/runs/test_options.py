"""The user's option files of a run, from Hydra's own composition of it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig

from ablate.config import CONF, register
from ablate.files.bounded import MIB
from ablate.runs import options
from ablate.terminal.errors import InputError

register()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of the user's own options, some of which include others."""
    texts = {
        "model/net7": "_target_: ablate.model.mlp.MLP\nhidden: [7]\n",
        "model/base": "defaults: [/small, _self_]\n_target_: ablate.model.mlp.MLP\nhidden: [8]\n",
        "model/wide": "defaults: [base, _self_]\nhidden: [9]\n",
        "small": "# @package _global_\ntrainer: {epochs: 1}\n",
        "augmentation/mine": "mine: {_target_: ablate.augmentation.geometry.Flip, p: 0.1}\n",
        "experiment/all": "# @package _global_\n"
        "defaults: [{override /model: wide}, {override /augmentation: [mine]}]\n",
        "unused": "a: 1\n",
    }
    for name, text in texts.items():
        path = tmp_path / "sp" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "sp"


def hydra(place: Path, *words: str) -> DictConfig:
    """Hydra's settings of a run with these overrides."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader
        overrides = [f"hydra.searchpath=['file://{place}']", *words]
        return loader.load_configuration("config", overrides, run_mode=RunMode.RUN).hydra


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["model=cnn"], []),
        (["model=net7"], ["model/net7"]),
        (
            ["model=wide"],
            ["model/base", "model/wide", "small"],
        ),  # an option includes an option of its group, and a file
        (["augmentation=[flip,mine]"], ["augmentation/mine"]),
        (["experiment=all"], ["augmentation/mine", "experiment/all", "model/base", "model/wide", "small"]),
    ],
)
def test_the_users_options_are_found_also_those_that_others_include(place, words, names):
    found = options.files(hydra(place, *words))
    assert sorted(found) == [f"{name}.yaml" for name in names]
    assert all(content == (place / name).read_bytes() for name, content in found.items())


def test_they_are_written_into_the_run_folder(place, tmp_path):
    options.write(tmp_path / "run", hydra(place, "model=wide"))
    written = {p.relative_to(tmp_path / "run").as_posix() for p in (tmp_path / "run").rglob("*.yaml")}
    assert written == {"options/model/wide.yaml", "options/model/base.yaml", "options/small.yaml"}
    assert yaml.safe_load((tmp_path / "run/options/small.yaml").read_text()) == {"trainer": {"epochs": 1}}


@pytest.mark.parametrize("words", [["model=cnn"], ["model=cnn", "augmentation=[flip,cutout]"]])
def test_without_options_of_the_user_nothing_is_written(place, tmp_path, words: Sequence[str]):
    options.write(tmp_path / "run", hydra(place, *words))
    assert not (tmp_path / "run").exists()


def test_a_large_file_is_refused(place):
    settings = hydra(place, "model=net7")
    (place / "model/net7.yaml").write_text("#" * MIB)
    with pytest.raises(InputError, match=r"net7\.yaml"):
        options.files(settings)
