"""`ablate data` as it is started: what it prints, writes and refuses."""

import json
import os
import re
import shutil
import sys

import numpy as np
import pexpect
import pytest
from matplotlib.image import imread

from ablate.analysis import figures
from ablate.commands.data.summarize import look, main
from ablate.terminal.errors import InputError
from tests.processes import ENVIRONMENT, ablate

WORDS = ("data=image_folder", "data.image_size=8", "data.val_fraction=0.5")
FILES = {f"{name}.{suffix}" for name in ("classes", "augmentations") for suffix in ("pdf", "png", "svg")}


@pytest.fixture(scope="module")
def ended(two_colours, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return folder, ablate(folder, "data", *WORDS, f"data.root={two_colours}")


def test_the_facts_of_a_folder_known_by_heart(ended, two_colours):
    folder, process = ended
    assert process.returncode == 0 and process.stderr == "", process.stderr
    facts = json.loads((folder / "outputs/data/image_folder-colours/data.json").read_text())
    assert facts["images"] == {"train": 4, "validation": 4, "unused": 0, "test": 1}
    assert facts["classes"] == {
        "black": {"train": 3, "validation": 3},
        "red": {"train": 1, "validation": 1},
    }
    quarter = 0.25 * 0.75  # the variance of what is 1 a quarter of the times, and else 0
    assert facts["pixels"]["mean"] == pytest.approx([0.25, 0.05, 0])
    assert facts["pixels"]["std"] == pytest.approx([quarter**0.5, 0.2 * quarter**0.5, 0])
    assert facts["files"]["width"] == {"smallest": 8, "median": 8.0, "largest": 16} and facts["files"]["sizes"] == 2
    assert facts["copies"]["train"] == 2 and facts["copies"]["train_and_validation"] == 4
    assert facts["largest_class"] == {"name": "black", "validation_share": 0.75}
    assert facts["command"] == " ".join(["ablate data", *WORDS, f"data.root={two_colours}"])


def test_it_prints_the_facts_and_where_they_are(ended):
    folder, process = ended
    rows = [line.split() for line in process.stdout.splitlines()]
    assert ["black", "3", "3"] in rows and ["red", "1", "1"] in rows and ["all", "4", "4"] in rows
    assert ["0", "0.2500", "0.4330", "0.5000", "0.5000"] in rows  # the square root of 3/16
    assert "black has 3.0 times the training images of red" in process.stdout
    assert "Images that are not square and are squeezed to 8x8: 1 of 8." in process.stdout
    assert "▀" not in process.stdout  # a pipe
    last = process.stdout.splitlines()[-1]
    assert last.startswith("Written to outputs/data/image_folder-colours: ")
    assert set(last.split(": ")[1].split(", ")) == FILES | {"data.json"}


def test_the_pictures_have_the_colours(ended):
    folder = ended[0] / "outputs/data/image_folder-colours"
    assert {path.name for path in folder.iterdir()} == FILES | {"data.json"}
    colours = {tuple(colour) for colour in np.rint(255 * imread(folder / "classes.png")[..., :3]).reshape(-1, 3)}
    assert {(255, 51, 0), (0, 0, 0), (255, 255, 255)} <= colours
    assert (folder / "augmentations.svg").read_text().count("<image") == 11 * 4  # a batch of four images


def test_a_terminal_with_colours_shows_pictures(two_colours, tmp_path):
    words = ["-m", "ablate.cli", "data", *WORDS, f"data.root={two_colours}"]
    settings = {name: value for name, value in ENVIRONMENT.items() if name not in ("NO_COLOR", "COLORTERM")}
    terminal = pexpect.spawn(
        sys.executable, words, cwd=tmp_path, env=os.environ | settings | {"TERM": "xterm-256color"}, timeout=200
    )
    said = terminal.read().decode()
    terminal.close()
    assert terminal.exitstatus == 0, said
    assert "\x1b[38;5;202;48;5;202m▀\x1b[0m" * 8 in said  # (255, 51, 0) in the 6x6x6 cube: 16 + 36*5 + 6*1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: shutil.rmtree(root), "does not exist"),
        (lambda root: (root / "train/red/0.png").write_text("junk"), "train/red/0.png (not an image file)"),
        (lambda root: (root / "test/red/0.png").write_text("junk"), "test/red/0.png (not an image file)"),
        (lambda root: (root / "train/empty").mkdir(), "train/empty has no images"),
        (lambda root: (root / "train/red/0.png").unlink(), "Each class needs at least 2 images"),
    ],
    ids=["missing", "broken", "broken test", "empty class", "one image"],
)
def test_a_folder_that_cannot_be_used_is_refused_in_a_sentence(two_colours, tmp_path, change, said, monkeypatch):
    root = shutil.copytree(two_colours, tmp_path / "images")
    change(root)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=re.escape(said)):
        look([*WORDS, f"data.root={root}"])
    assert not (tmp_path / "outputs").exists()


def test_the_exit_status_of_a_refusal_is_2(tmp_path):
    refused = ablate(tmp_path, "data", "data=digits", "augmentation=flp")
    assert refused.returncode == 2 and "Did you mean flip?" in refused.stderr and "Traceback" not in refused.stderr
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_what_could_not_be_drawn(tmp_path, monkeypatch):
    def draw(images, titles):
        raise RuntimeError("no ink")

    monkeypatch.setattr(figures, "samples", draw)
    with pytest.raises(RuntimeError, match="no ink"):
        main(["data=digits", f"hydra.run.dir={tmp_path / 'made'}"])
    assert not (tmp_path / "made").exists()


def test_data_without_a_test_set_has_none(two_colours, tmp_path):
    root = shutil.copytree(two_colours, tmp_path / "images")
    shutil.rmtree(root / "test")
    assert look([*WORDS, f"data.root={root}"]).facts["images"]["test"] is None


def test_a_folder_that_has_changed_is_looked_at_anew(two_colours, tmp_path):
    """In one process, such as a notebook's."""
    root = shutil.copytree(two_colours, tmp_path / "images")
    assert len(look([*WORDS, f"data.root={root}"]).data.classes) == 2
    shutil.copytree(root / "train/red", root / "train/green")
    found = look([*WORDS, f"data.root={root}"])
    assert found.data.classes == ("black", "green", "red") and found.facts["images"]["train"] == len(found.data.train)
