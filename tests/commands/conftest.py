"""A study on photographs, for the commands that evaluate its runs."""

import shutil
from pathlib import Path

import pytest

from tests.processes import ablate


@pytest.fixture(scope="session")
def trained(tmp_path_factory, photo_folder) -> Path:
    """A folder with a study of two variants and two seeds on photographs, and the photographs."""
    folder = tmp_path_factory.mktemp("tested")
    root = shutil.copytree(photo_folder, folder / "photos")
    words = ["data=image_folder", f"data.root={root}", "data.image_size=16", "model=mlp", "model.hidden=[8]"]
    words += ["trainer.epochs=3", "trainer.threads=1", "optimizer.lr=0.001,0.1", "seed=0,1", "study.name=s"]
    ended = ablate(folder, "train", "-m", *words, "hydra/launcher=basic")
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def study(trained, tmp_path) -> Path:
    return shutil.copytree(trained / "outputs/s", tmp_path / "outputs/s")


@pytest.fixture
def run(study) -> Path:
    return study / "baseline/seed=0"
