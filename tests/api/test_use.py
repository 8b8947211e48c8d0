"""`look`, `predict`, `export`, `submit` and `watch` from Python give the results of the commands."""

import json
from io import StringIO
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import ablate
from ablate.data.digits import digits
from ablate.terminal.errors import InputError
from tests import notebooks
from tests.processes import ablate as command
from tests.submission import blank

SMALL = {"data": "digits", "data.train_limit": 64, "trainer.epochs": 2, "trainer.threads": 1, "model": "mlp"}
EXACT = {"trainer.precision": "fp32", "trainer.device": "cpu"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A working folder with a study of two runs."""
    folder = tmp_path_factory.mktemp("use")
    overrides = [f"{key}={value}" for key, value in (SMALL | EXACT).items()]
    ended = command(folder, "train", "-m", "study.name=used", "seed=0,1", *overrides)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def run(folder, monkeypatch) -> ablate.Run:
    """A run of this study; the test runs in its working folder."""
    monkeypatch.chdir(folder)
    return ablate.status("used").run()


@pytest.mark.integration
def test_look_equals_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = ablate.look("data.train_limit=64", data="digits")
    assert not list(tmp_path.iterdir())
    assert command(tmp_path, "data", "data.train_limit=64", "data=digits").returncode == 0
    written = json.loads((tmp_path / "outputs/data/digits/data.json").read_text())
    assert data.facts == written
    assert data.counts["train"].sum() == len(data.train) == 64
    assert data.counts.loc["3", "validation"] == (data.validation.labels == 3).sum()
    assert list(data.counts.index) == list(data.classes) == [str(digit) for digit in range(10)]
    assert data.test.equal(digits("test").images)
    assert list(data.figures) == ["classes", "augmentations"]
    shown = data.figures["classes"].axes[0].images[0].get_array()
    assert (shown == data.train.images[data.train.labels == 0].numpy()[:, 0]).all((1, 2)).any()
    assert "64 train" in repr(data) and "<td>" in data._repr_html_()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": "digts"}, "Did you mean digits?"),
        ({"data": "digits", "augmentation": ["flip", "crop"]}, "a comma separates values"),
        ({"data": "digits", "optimizer.lr": -1}, "optimizer.lr=-1.0 is not allowed"),
        ({"data": "image_folder", "data.root": "nowhere"}, "nowhere does not exist"),
        ({"data": "digits", "config_dir": "nowhere"}, "the folder does not exist"),
    ],
)
def test_invalid_input_of_look_is_refused(settings, message):
    with pytest.raises(InputError, match=message) as caught:
        ablate.look(**settings)
    assert "\n" not in str(caught.value)


def test_predict_equals_the_command(run, tmp_path):
    images = digits("test").images.numpy()
    for number in range(3):
        Image.fromarray(images[number, 0]).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_text("junk")
    table = ablate.predict(run, tmp_path, top=2, tta="shift")
    ended = command(
        tmp_path, "predict", str(run.folder.absolute()), str(tmp_path), "--format=csv", "--top=2", "--tta=shift"
    )
    expected = pd.read_csv(StringIO(ended.stdout), dtype={"class": str, "class_2": str})
    pd.testing.assert_frame_equal(table, expected, atol=1e-6, check_dtype=False)
    assert table.set_index("image").loc[str(tmp_path / "broken.png"), "error"].startswith("not a PNG, JPEG, WEBP")
    assert table["class"].isna().sum() == 1 and table["error"].notna().sum() == 1
    one = ablate.predict(str(run.folder), tmp_path / "1.png")
    assert list(one.columns) == ["image", "class", "probability", "error"] and len(one) == 1


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_an_array_gets_the_probabilities_of_the_validation(run, kind):
    """They are in val_predictions.npz as float16 logits."""
    with np.load(run.folder / "val_predictions.npz") as saved:
        index, logits = saved["index"], saved["logits"].astype(float)
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    table = ablate.predict(run, kind(digits("train").images[index]), top=1)
    assert list(table.columns) == ["class", "probability", "error"] and list(table.index) == list(range(len(index)))
    np.testing.assert_allclose(table["probability"], probabilities.max(1), atol=1e-3)
    correct = table["class"].astype(int).to_numpy() == digits("train").labels[index].numpy()
    assert correct.mean() == pytest.approx(run.metrics["val_accuracy"])


def test_an_array_may_be_a_view_with_negative_strides(run):
    images = digits("train").images[:9].numpy()
    pd.testing.assert_frame_equal(ablate.predict(run, images[..., ::-1]), ablate.predict(run, images[..., ::-1].copy()))


@pytest.mark.parametrize(
    ("images", "settings", "message"),
    [
        ("nowhere.png", {}, "No such file or folder: 'nowhere.png'"),
        ([], {}, "There is no image in the list"),
        (np.zeros((2, 3, 8, 8), np.uint8), {}, r"uint8 \(N, 1, 8, 8\), not uint8 \(2, 3, 8, 8\)"),
        (torch.zeros(2, 1, 8, 8), {}, r"not float32 \(2, 1, 8, 8\)"),
        ("x.png", {"top": 0}, "top=0"),
        ("x.png", {"tta": "rotate"}, "tta='rotate' is not one of none, flip"),
    ],
)
def test_invalid_input_of_predict_is_refused(run, images, settings, message):
    with pytest.raises(InputError, match=message):
        ablate.predict(run, images, **settings)


@pytest.mark.integration
def test_export_writes_a_file_and_keeps_an_existing_one(run, tmp_path):
    path = ablate.export(run, "safetensors", output=tmp_path)
    assert path == tmp_path / "model.safetensors" and path.stat().st_size > 1000
    with pytest.raises(InputError, match="model.safetensors exists"):
        ablate.export(run, "safetensors", output=path)
    assert ablate.export(run, "safetensors", output=path, force=True) == path
    with pytest.raises(InputError, match="onnx, pt2, safetensors"):
        ablate.export(run, "tensorflow")


@pytest.mark.integration
def test_submit_writes_an_archive(run, tmp_path, capfd):
    ablate.test(run)
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "empty.ipynb")
    blank(tmp_path / "report.pdf", 2)
    with pytest.raises(InputError, match="empty.ipynb"):
        ablate.submit("used", "s1", report=tmp_path / "report.pdf", notebook=tmp_path / "empty.ipynb", output=tmp_path)
    with pytest.raises(InputError, match="is not valid"):
        ablate.submit("used", "s/1")
    cell = nbformat.v4.new_code_cell("1 + 1")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.write(notebooks.execute(notebook, tmp_path), tmp_path / "ran.ipynb")
    path = ablate.submit(
        ablate.status("used"), "s1", report=tmp_path / "report.pdf", notebook=tmp_path / "ran.ipynb", output=tmp_path
    )
    assert path == tmp_path / "s1.zip" and path.read_bytes().startswith(b"PK")
    assert "as recorded" in capfd.readouterr().out


def test_watch_updates_the_output_of_a_cell(run):
    cell = nbformat.v4.new_code_cell("import ablate\nablate.watch('used')")
    shown = notebooks.execute(nbformat.v4.new_notebook(cells=[cell]), Path()).cells[0].outputs
    view, result = (output["data"] for output in shown)
    assert "used  2 runs  2 completed" in view["text/plain"] and "all done" in view["text/html"]
    assert "2 completed" in result["text/plain"]


def test_watch_prints_once_without_a_notebook(run, capsys):
    assert ablate.watch("used", once=True).folder == Path("outputs/used")
    assert "used  2 runs  2 completed" in capsys.readouterr().out
    assert isinstance(ablate.watch(run, once=True), ablate.Run)
    with pytest.raises(InputError, match="nowhere"):
        ablate.watch("nowhere")
    with pytest.raises(InputError, match="every=0"):
        ablate.watch("used", every=0)
