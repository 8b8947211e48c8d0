"""A study shared by tests that do not change it."""

from pathlib import Path

import pytest

from tests.processes import SMALL, ablate


@pytest.fixture(scope="session")
def grid(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    words = ("-m", "study.name=grid", *SMALL, "model=mlp,cnn", "normalization=none,batch", "seed=0,1,2")
    ended = ablate(folder, "train", *words)
    assert ended.returncode == 0, ended.stderr
    return folder
