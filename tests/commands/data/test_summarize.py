"""`ablate data` from the command line: output, files and refused input."""

import csv
import json
import re
import shutil
from collections import Counter

import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image

from ablate.analysis import figures
from ablate.commands.data.summarize import look, main, write
from ablate.config import CONF
from ablate.terminal.errors import InputError
from tests.processes import ablate

OVERRIDES = ("data=image_folder", "data.image_size=8", "data.val_fraction=0.5")
FILES = {f"{name}.{suffix}" for name in ("classes", "augmentations") for suffix in ("pdf", "png", "svg")}


@pytest.fixture(scope="module")
def completed(two_colors, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return folder, ablate(folder, "data", *OVERRIDES, f"data.root={two_colors}")


def test_the_facts_of_a_known_folder(completed, two_colors):
    folder, process = completed
    assert process.returncode == 0 and process.stderr == "", process.stderr
    facts = json.loads((folder / "outputs/data/image_folder-colors/data.json").read_text())
    assert facts["images"] == {"train": 4, "validation": 4, "unused": 0, "test": 1, "split": "stratified"}
    assert facts["classes"] == {
        "black": {"train": 3, "validation": 3},
        "red": {"train": 1, "validation": 1},
    }
    variance = 0.25 * 0.75  # variance of a Bernoulli variable, p = 1/4
    assert facts["pixels"]["mean"] == pytest.approx([0.25, 0.05, 0])
    assert facts["pixels"]["std"] == pytest.approx([variance**0.5, 0.2 * variance**0.5, 0])
    assert facts["files"]["width"] == {"smallest": 8, "median": 8.0, "largest": 16} and facts["files"]["sizes"] == 2
    assert facts["copies"]["train"] == 2 and facts["copies"]["train_and_validation"] == 4
    assert facts["largest_class"] == {
        "name": "black",
        "validation_share": 0.75,
        "validation_macro_f1": pytest.approx(2 * 0.75 / 1.75 / 2),
    }
    assert facts["command"] == " ".join(["ablate data", *OVERRIDES, f"data.root={two_colors}"])


def test_all_duplicates_are_in_a_table_and_an_earlier_table_is_removed(completed, two_colors, tmp_path):
    folder = completed[0] / "outputs/data/image_folder-colors"
    rows = list(csv.DictReader((folder / "duplicates.csv").open()))
    assert len(rows) == 6 and {row["pixels"] for row in rows} == {"identical"}
    splits = Counter((row["first_split"], row["second_split"]) for row in rows)
    counts = json.loads((folder / "data.json").read_text())["copies"]
    assert splits["train", "validation"] == counts["train_and_validation"] == 4 and splits["train", "train"] == 2
    for row in rows:
        first, second = (np.asarray(Image.open(row[name]).resize((8, 8))) for name in ("first", "second"))
        assert np.array_equal(first, second)
    (tmp_path / "duplicates.csv").write_text("of an earlier run")
    write(look(["data=digits", "data.train_limit=20", f"hydra.run.dir={tmp_path}"]))
    assert "earlier" not in "".join(path.read_text() for path in tmp_path.glob("*.csv"))


def test_it_prints_the_facts_and_the_folder(completed):
    folder, process = completed
    rows = [line.split() for line in process.stdout.splitlines()]
    assert ["black", "3", "3"] in rows and ["red", "1", "1"] in rows and ["all", "4", "4"] in rows
    assert ["0", "0.2500", "0.4330", "0.5000", "0.5000"] in rows  # the square root of 3/16
    assert "black has 3.0 times the training images of red" in process.stdout
    assert "Images that are not square and are squeezed to 8x8: 1 of 8." in process.stdout
    last = process.stdout.splitlines()[-1]
    assert last.startswith("Written to outputs/data/image_folder-colors: ")
    assert set(last.split(": ")[1].split(", ")) == FILES | {"data.json", "duplicates.csv"}


def test_the_figures_have_the_colors_of_the_images(completed):
    folder = completed[0] / "outputs/data/image_folder-colors"
    assert {path.name for path in folder.iterdir()} == FILES | {"data.json", "duplicates.csv"}
    colors = {tuple(color) for color in np.rint(255 * imread(folder / "classes.png")[..., :3]).reshape(-1, 3)}
    assert {(255, 51, 0), (0, 0, 0), (255, 255, 255)} <= colors
    options = list((CONF / "augmentation").glob("*.yaml"))  # none among them
    assert (folder / "augmentations.svg").read_text().count("<image") == len(options) * 4  # a batch of four images


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: shutil.rmtree(root), "does not exist"),
        (lambda root: (root / "train/red/0.png").write_text("junk"), "train/red/0.png (not a PNG, JPEG"),
        (lambda root: (root / "test/red/0.png").write_text("junk"), "test/red/0.png (not a PNG, JPEG"),
        (lambda root: (root / "train/empty").mkdir(), "train/empty has no images"),
    ],
    ids=["missing", "broken", "broken test", "empty class"],
)
def test_an_invalid_image_folder_is_refused(two_colors, tmp_path, change, message, monkeypatch):
    root = shutil.copytree(two_colors, tmp_path / "images")
    change(root)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=re.escape(message)):
        look([*OVERRIDES, f"data.root={root}"])
    assert not (tmp_path / "outputs").exists()


def test_invalid_overrides_exit_with_status_2(tmp_path):
    refused = ablate(tmp_path, "data", "data=digits", "augmentation=flp")
    assert refused.returncode == 2 and "Did you mean flip?" in refused.stderr and "Traceback" not in refused.stderr
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_if_a_figure_cannot_be_drawn(tmp_path, monkeypatch):
    def draw(images, titles):
        raise RuntimeError("no ink")

    monkeypatch.setattr(figures, "samples", draw)
    with pytest.raises(RuntimeError, match="no ink"):
        main(["data=digits", f"hydra.run.dir={tmp_path / 'output'}"])
    assert not (tmp_path / "made").exists()


def test_a_data_set_without_test_images(two_colors, tmp_path):
    root = shutil.copytree(two_colors, tmp_path / "images")
    shutil.rmtree(root / "test")
    assert look([*OVERRIDES, f"data.root={root}"]).facts["images"]["test"] is None


@pytest.mark.parametrize(("mode", "warned"), [("I;16", True), ("L", False)])
def test_dark_16_bit_files_and_unused_folders_are_warned_of(two_colors, tmp_path, mode, warned):
    root = shutil.copytree(two_colors, tmp_path / "images")
    for path in root.glob("train/*/*.png"):
        values = np.full((8, 8), 1000 if mode == "I;16" else 90, np.uint16 if mode == "I;16" else np.uint8)
        Image.fromarray(values).save(path)
    (root / "extra/red").mkdir(parents=True)
    warnings = look([*OVERRIDES, f"data.root={root}", "data.std=[0.5]"]).facts["warnings"]
    assert any("Nearly black" in text and "of 10 bits" in text for text in warnings) == warned
    assert any(text.startswith(f"Not used in {root}: extra/.") for text in warnings)


def test_a_changed_folder_is_read_again(two_colors, tmp_path):
    """In the same process, as in a notebook."""
    root = shutil.copytree(two_colors, tmp_path / "images")
    assert len(look([*OVERRIDES, f"data.root={root}"]).data.classes) == 2
    shutil.copytree(root / "train/red", root / "train/green")
    summary = look([*OVERRIDES, f"data.root={root}"])
    assert summary.data.classes == ("black", "green", "red") and summary.facts["images"]["train"] == len(
        summary.data.train
    )


SOURCE = """
import torch
from ablate.data.images import Images

def squares(part):
    return Images(torch.arange(40 * 64).reshape(40, 1, 8, 8).byte(), torch.arange(40) % 2, ("even", "odd"))
"""


@pytest.mark.integration
def test_it_finds_the_modules_that_train_finds(tmp_path):
    (tmp_path / "my_images.py").write_text(SOURCE)
    words = ("data=digits", "data._target_=my_images.squares", "model=mlp", "trainer.epochs=1", "trainer.threads=1")
    for command in ("data", "train"):
        ended = ablate(tmp_path, command, *words)
        assert ended.returncode == 0, (command, ended.stderr)
