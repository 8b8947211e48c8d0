"""How a report describes the images of runs that were trained with different splits."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.analysis.analyze import analyze
from ablate.analysis.report import images
from ablate.runs import run_record
from tests.processes import ablate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pictures/labels.csv lists 40 images of two gray values, with a split column and ten places."""
    root = tmp_path_factory.mktemp("work")
    rows = [("path", "label", "split", "place")]
    for index in range(40):
        path = root / "pictures" / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), 200 * (index % 2) + index, np.uint8)).save(path)
        rows.append((path.name, "ab"[index % 2], "val" if index % 5 == 4 else "train", f"place {index // 4}"))
    with open(root / "pictures/labels.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return root


SPLITS = {
    "stratified": ((), 32, "; 20 % of the training images were held out for validation (split seed 0)."),
    "grouped": (
        ("data.group=place",),
        32,
        "; about 20 % of the training images were held out for validation, by groups of place (split seed 0).",
    ),
    "fixed": (("data.split_column=split",), 32, "; the data set has its own validation images."),
}


@pytest.mark.integration
@pytest.mark.parametrize("kind", SPLITS)
def test_the_data_sentence_states_the_split(folder: Path, kind: str) -> None:
    words, training, sentence = SPLITS[kind]
    common = ("data=table", "data.root=pictures", "data.image_size=8", "data.val_fraction=0.2", "trainer.epochs=1")
    ended = ablate(folder, "train", "-m", f"study.name={kind}", *common, *words, "model=mlp", "seed=0,1")
    assert ended.returncode == 0, ended.stderr
    study = folder / "outputs" / kind
    record = run_record.read(study / "baseline/seed=0")
    assert record.images and record.images.split == kind and record.images.training == training
    (text,) = images.data(analyze(study))
    assert text.startswith("Data: labels.csv of the image folder pictures, 32 training and 8 validation images")
    assert text.endswith(sentence)
    index = np.load(study / "baseline/seed=0/val_predictions.npz")["index"]
    if kind == "fixed":
        assert index.tolist() == list(range(4, 40, 5))
    if kind == "grouped":
        assert index.tolist() == np.flatnonzero(np.isin(np.arange(40) // 4, index // 4)).tolist()
