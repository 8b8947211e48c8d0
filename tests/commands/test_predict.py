"""Predictions for image files equal those of the run for its validation images, in any file format."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ablate.backend.cpu_count import cpu_cores
from ablate.commands import predict_formats
from ablate.commands.predict import predict, probabilities
from ablate.data import parallel
from ablate.data.digits import digits
from ablate.evaluation import trained_model, tta
from ablate.terminal.errors import InputError
from tests.processes import ENVIRONMENT, SMALL, ablate

EXACT = ("trainer.precision=fp32", "trainer.device=cpu")  # as in predictions on the CPU


@pytest.fixture(scope="module")
def photos(photo_folder, tmp_path_factory) -> Path:
    """A run on RGB photographs, 32x32."""
    folder = tmp_path_factory.mktemp("photos") / "run"
    words = ("data=image_folder", f"data.root={photo_folder}", "trainer.epochs=2", "normalization=batch", *EXACT)
    ended = ablate(folder.parent, "train", "model=cnn", "hydra.run.dir=run", "data.std=null", *words)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def numbers(tmp_path_factory) -> Path:
    """A run on grayscale digits, 8x8."""
    folder = tmp_path_factory.mktemp("digits") / "run"
    words = ("model=mlp", "data.mean=null", "hydra.run.dir=run", *SMALL, *EXACT)
    ended = ablate(folder.parent, "train", *words)
    assert ended.returncode == 0, ended.stderr
    return folder


def recorded(run: Path) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the validation images, and their probabilities from the recorded logits."""
    with np.load(run / "val_predictions.npz") as saved:
        scores = np.exp(saved["logits"].astype(np.float64))
        return saved["index"], scores / scores.sum(1, keepdims=True)


def by_class(table: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Probabilities (N, classes) from the columns class, probability, class_2, ... of a CSV."""
    ranks = ["", *(f"_{rank}" for rank in range(2, len(classes) + 1))]
    rows = [{row[f"class{r}"]: row[f"probability{r}"] for r in ranks} for _, row in table.iterrows()]
    return pd.DataFrame(rows)[classes].to_numpy()


def test_validation_images_get_the_recorded_probabilities(photos, photo_folder, tmp_path):
    index, expected = recorded(photos)
    training = sorted((photo_folder / "train").glob("*/*"))  # image_folder's order: by class, then by name
    paths = "\n".join(str(training[i]) for i in index)
    ended = ablate(tmp_path, "predict", str(photos), "-", "--format", "csv", "--top", "9", stdin=paths)
    assert ended.returncode == 0 and ended.stderr == ""
    table = pd.read_csv(StringIO(ended.stdout))
    assert "\n".join(table["image"]) == paths and table["error"].isna().all()
    np.testing.assert_allclose(by_class(table, ["china", "flower"]), expected, atol=1e-3)  # logits are saved as float16
    assert (table["probability"] >= table["probability_2"]).all() and "class_3" not in table


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_grayscale_network_converts_color_images(numbers, tmp_path, mode):
    index, expected = recorded(numbers)
    source = digits("train").images.numpy()
    paths = [tmp_path / f"{i}.png" for i in index]
    for path, i in zip(paths, index, strict=True):
        Image.fromarray(source[i, 0]).convert(mode).save(path)
    run = trained_model.load(numbers)
    predictions = [p for batch in predict(run, [str(path) for path in paths], tta.none, 10) for p in batch]
    probabilities_found = [
        [dict(zip(p.classes, p.probabilities, strict=True))[str(digit)] for digit in range(10)] for p in predictions
    ]
    np.testing.assert_allclose(probabilities_found, expected, atol=1e-3)


def test_the_file_format_does_not_change_the_prediction(photos, photo_folder, tmp_path):
    image = Image.open(next((photo_folder / "test/china").glob("*.png"))).convert("RGB")
    gray = image.convert("L")
    turned = Image.Exif()
    turned[0x0112] = 6  # EXIF orientation: rotate by 90 degrees
    image.save(tmp_path / "a.png")
    image.convert("RGBA").save(tmp_path / "b.png")
    image.rotate(90).save(tmp_path / "c.png", exif=turned)
    image.save(tmp_path / "d.tiff")
    gray.save(tmp_path / "e.png")
    gray.convert("P").save(tmp_path / "f.png")
    Image.fromarray(np.asarray(gray).astype(np.uint16) * 257).save(tmp_path / "g.png")
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    (predictions,) = predict(trained_model.load(photos), paths, tta.none, 2)
    color, grayscale = predictions[:4], predictions[4:]
    assert len({p.probabilities for p in color}) == len({p.probabilities for p in grayscale}) == 1
    assert color[0].probabilities != grayscale[0].probabilities
    image.resize((301, 77)).save(tmp_path / "h.webp", lossless=True)
    ((resized,),) = predict(trained_model.load(photos), [str(tmp_path / "h.webp")], tta.none, 2)
    assert not resized.error and sum(resized.probabilities) == pytest.approx(1)


def test_the_logits_of_views_are_averaged(photos):
    run = trained_model.load(photos)
    images = torch.randint(256, (3, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        plain, mirrored = (run.model(run.pixels(x)) for x in (images, images.flip(3)))
    flipped = probabilities(run, images, tta.flip)
    torch.testing.assert_close(flipped, ((plain + mirrored) / 2).softmax(1).double(), atol=1e-6, rtol=0)
    assert not torch.allclose(flipped, plain.softmax(1).double(), atol=1e-4)
    even = torch.cat([images, images.flip(3)], dim=3)[..., ::2]  # its own mirror image
    even = torch.cat([even[..., :16], even[..., :16].flip(3)], dim=3)
    torch.testing.assert_close(
        probabilities(run, even, tta.flip), probabilities(run, even, tta.none), atol=1e-6, rtol=0
    )


@pytest.fixture
def mixed(photo_folder, tmp_path) -> Path:
    """A folder with two images, one in a subfolder, two invalid image files, and other files."""
    good = next((photo_folder / "test/flower").glob("*.jpg")).read_bytes()
    images = {"a.JPG": good, "deep/er/b.jpg": good, "cut.jpg": good[:300], "empty.png": b""}
    for name, content in {**images, "notes.txt": b"x", ".hidden.jpg": b""}.items():
        path = tmp_path / "mixed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "mixed"


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_invalid_images_are_named_and_the_others_predicted(photos, mixed, format):
    ended = ablate(mixed.parent, "predict", str(photos), "mixed", "--format", format, "--tta", "flip_shift")
    assert ended.returncode == 1
    messages = ended.stderr.splitlines()
    assert (
        "notes.txt" in messages[0]
        and messages[1].startswith("mixed/cut.jpg: ")
        and messages[2].startswith("mixed/empty.png: ")
    )
    assert messages[3:] == ["2 of 4 files could not be classified."] and "hidden" not in ended.stdout + ended.stderr
    if format == "table":
        header, *rows = [line.split() for line in ended.stdout.splitlines()]
        assert header == ["class", "image"] and [row[-1] for row in rows] == ["mixed/a.JPG", "mixed/deep/er/b.jpg"]
        assert all(row[0] in ("china", "flower") and row[2] == "%" and 50 <= float(row[1]) <= 100 for row in rows)
        return
    rows = pd.read_csv(StringIO(ended.stdout)) if format == "csv" else pd.DataFrame(json.loads(ended.stdout))
    names = ["mixed/a.JPG", "mixed/cut.jpg", "mixed/deep/er/b.jpg", "mixed/empty.png"]
    assert list(rows["image"]) == names and list(rows["error"].isna()) == [True, False, True, False]
    assert list(rows["class"].isna()) == list(rows["probability"].isna()) == [False, True, False, True]
    assert rows["probability"][0] == rows["probability"][2]
    if format == "json":
        assert rows["top"][0] == [{"class": rows["class"][0], "probability": rows["probability"][0]}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{run}", "nowhere.jpg", "{images}"], "No such file or folder: 'nowhere.jpg'. Nothing was predicted."),
        (["nowhere", "{images}"], "nowhere has no run.json"),
        (["{run}", "empty"], "There is no image in 'empty'; files without the suffix of an image: 1."),
        (["{run}", "empty/notes.txt"], "empty/notes.txt: an empty file.\n1 of 1 file could not be classified."),
        (["{run}", "-"], "The list on standard input contains no image."),
        (["{run}", "{images}", "--top", "0"], "--top: 0 is less than 1"),
        (["{run}", "{images}", "--format", "xml"], "invalid choice: 'xml'"),
        (["{run}", "{images}", "--tta", "rotate"], "invalid choice: 'rotate'"),
    ],
)
def test_invalid_input_is_refused(photos, photo_folder, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/notes.txt").touch()
    paths = {"run": photos, "images": photo_folder / "test"}
    ended = ablate(tmp_path, "predict", *(word.format(**paths) for word in arguments), stdin="\n")
    assert ended.returncode == 2 and message in ended.stderr and ended.stdout == "" and "Traceback" not in ended.stderr


@pytest.mark.integration
def test_a_file_name_that_is_not_utf8_is_printed_unchanged(photos, photo_folder, tmp_path):
    name = b"f\xff\x1b[31m.jpg"
    (Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))).write_bytes(
        next((photo_folder / "test/flower").glob("*.jpg")).read_bytes()
    )
    command = [sys.executable, "-m", "ablate.cli", "predict", str(photos), ".", "--format"]
    ended = [
        subprocess.run([*command, f], cwd=tmp_path, capture_output=True, env=ENVIRONMENT) for f in ("csv", "table")
    ]
    assert name in ended[0].stdout and ended[0].stderr == b""
    assert b"\x1b" not in ended[1].stdout and rb"f\udcff\x1b[31m.jpg" in ended[1].stdout


def test_control_characters_in_a_class_name_are_escaped(capsys):
    prediction = predict_formats.Prediction("a.png", ("cat\x1b[2J\n",), (1.0,))
    predict_formats.table([[prediction]], prediction.classes, 1)
    assert r"cat\x1b[2J\n  100.0 %  a.png" in capsys.readouterr().out


def test_a_nan_output_is_an_error(photos, photo_folder):
    run = trained_model.load(photos)
    with torch.no_grad():
        next(run.model.parameters()).fill_(torch.nan)
    ((prediction,),) = predict(run, [str(next((photo_folder / "test/china").iterdir()))], tta.none, 1)
    assert "not finite" in prediction.error and prediction.classes == ()


def test_a_network_with_four_channels_cannot_predict_files(photos):
    run = trained_model.load(photos)
    four = replace(run, inputs=replace(run.inputs, channels=4))
    with pytest.raises(InputError, match="4 channels"):
        next(predict(four, ["a.png"], tta.none, 1))


def test_only_a_few_images_are_decoded_ahead(tmp_path, monkeypatch):
    submitted = []

    class Counted(parallel.ProcessPoolExecutor):
        def submit(self, function, *arguments):
            submitted.append(arguments)
            return super().submit(function, *arguments)

    monkeypatch.setattr(parallel, "ProcessPoolExecutor", Counted)
    monkeypatch.setattr(parallel, "_CHUNK", 2)
    files = [str(tmp_path / str(i)) for i in range(100)]
    for file in files:
        Path(file).write_text(file)
    sizes = parallel.attempts(os.path.getsize, files)
    assert next(sizes) == (len(files[0]), "")
    assert len(submitted) <= 2 * cpu_cores() + 1
    assert [size for size, _ in sizes] == [len(file) for file in files[1:]] and len(submitted) == 50
