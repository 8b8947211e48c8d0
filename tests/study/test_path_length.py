"""Paths that Windows cannot create are refused in the plan."""

import os
import tempfile
from pathlib import Path

import pytest

from ablate.files import atomic
from ablate.study.path_length import LONGEST_NAME, WINDOWS, check_lengths, limit
from ablate.terminal.errors import InputError

RUNS = ["baseline/seed=0", "model=mlp+normalization=none/seed=10"]


def test_no_file_of_a_run_has_a_longer_name_than_is_assumed(tmp_path):
    with atomic.part(tmp_path / "val_predictions.npz") as file:
        assert len(os.path.basename(file.name)) == len(LONGEST_NAME)


@pytest.mark.parametrize("above", [0, 1, 40])
def test_a_study_is_refused_if_its_longest_path_exceeds_the_limit(above):
    short = Path("/s", RUNS[1], LONGEST_NAME)
    study = Path("/", "s" * (WINDOWS + above - len(str(short)) + 1))
    if not above:
        check_lengths(study, RUNS, WINDOWS)
        return
    with pytest.raises(InputError) as refused:
        check_lengths(study, RUNS, WINDOWS)
    assert f"{RUNS[1]} would have paths of {WINDOWS + above} characters, but Windows allows 259" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_path_relative_to_a_deep_folder_counts_as_a_whole(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="d" * 200) as folder:
        monkeypatch.chdir(folder)
        with pytest.raises(InputError, match=r"hydra\.sweep\.dir=FOLDER"):
            check_lengths(Path("outputs/s"), RUNS, WINDOWS)
        check_lengths(Path("outputs/s"), RUNS, None)


@pytest.mark.skipif(os.name == "nt", reason="of other systems")
def test_other_systems_limit_only_names():
    assert limit() is None
