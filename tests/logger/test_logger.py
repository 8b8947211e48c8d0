"""Each logger writes what its library reads back, and does not affect the results of a run."""

import csv
import importlib
import io
import math
import os
import struct
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from ablate import logger
from ablate.logger import grid
from ablate.logger.tensorboard import TensorBoardRun
from ablate.runs.epochs import COLUMNS
from tests.processes import ROOT, SMALL, ablate, alone, record

ROWS = [
    dict(zip(COLUMNS, (1, 10, 0.1, 2.3, 0.1, 2.2, 0.2, 1.5, 100.0, 2.3), strict=True)),
    dict(zip(COLUMNS, (2, 20, 0.05, math.nan, 0.1, 2.1, 0.3, 1.4, 110.0, math.nan), strict=True)),
]
WORDS = ("-m", "study.name=s", *SMALL[:-2], "trainer.threads=1", "trainer.epochs=2", "model=mlp,cnn")


def description(folder: Path, settings: dict) -> logger.LoggedRun:
    return logger.LoggedRun(folder, None, None, {}, settings, np.zeros((2, 1, 4, 4), np.uint8))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Function from a logger option to the folder of a study of two models trained with it."""
    folders: dict[str, Path] = {}

    def train(option: str) -> Path:
        if option not in folders:
            folder = tmp_path_factory.mktemp(option)
            ended = ablate(folder, "train", *WORDS, f"logger={option}")
            assert ended.returncode == 0, ended.stderr
            folders[option] = folder / "outputs/s"
        return folders[option]

    return train


def read_csv(folder) -> list[dict[str, float]]:
    with open(folder / "metrics.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_csv_is_on_disk_after_each_epoch(tmp_path):
    writer = logger.Csv(description(tmp_path, {}))
    writer.log(ROWS[0])
    assert read_csv(tmp_path) == ROWS[:1]
    writer.log(ROWS[1])
    writer.close(None)
    rows = read_csv(tmp_path)
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0] == ROWS[0] and math.isnan(rows[1]["train_loss"]) and len(rows) == 2


SLOW = pytest.param("mlflow", marks=pytest.mark.integration)  # which creates and migrates a database


@pytest.mark.integration
@pytest.mark.parametrize("option", ["tensorboard", "wandb", SLOW])
def test_results_do_not_depend_on_the_logger(trained, option):
    pytest.importorskip(option)
    for name in ("baseline", "model=cnn"):
        one, other = (trained(logged) / name / "seed=0" for logged in ("csv", option))
        for file in ("model.pt", "val_predictions.npz", "samples.npz"):
            assert (one / file).read_bytes() == (other / file).read_bytes()
        assert record(one)["metrics"] == record(other)["metrics"]
        assert record(one)["config_sha256"] == record(other)["config_sha256"]
        assert [row["val_loss"] for row in read_csv(one)] == [row["val_loss"] for row in read_csv(other)]


def events(folder: Path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    accumulator = reader.EventAccumulator(str(folder / "tensorboard"))
    accumulator.Reload()
    return accumulator


@pytest.mark.integration
def test_tensorboard_has_curves_images_and_hyperparameters(trained):
    run = trained("tensorboard") / "model=cnn/seed=0"
    logged = events(run)
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    expected = [(int(row["step"]), pytest.approx(row["val_accuracy"])) for row in read_csv(run)]
    assert [(event.step, event.value) for event in logged.Scalars("val_accuracy")] == expected
    (image,) = logged.Images("augmented images")
    shown = np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))[..., 0]
    first = np.load(run / "samples.npz")["images"][:, 0]  # 16 of 8 x 8 pixels, four in a row
    assert (shown == np.block([list(first[row : row + 4]) for row in range(0, 16, 4)])).all()
    metadata = logged.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    compared = HParamsPluginData.FromString(metadata).session_start_info.hparams
    assert compared["model"].string_value == "cnn" and compared["optimizer.lr"].number_value == 0.01
    assert not [name for name in compared if name.startswith(("study.", "logger."))]
    assert logged.Scalars("result/val_accuracy")[0].value == pytest.approx(record(run)["metrics"]["val_accuracy"])


def test_tensorboard_has_each_epoch_of_a_resumed_run_once(tmp_path):
    pytest.importorskip("tensorboard")
    for upto in (1, 2):  # interrupted after an epoch, then resumed: the first epoch is logged again
        writer = TensorBoardRun(description(tmp_path, {"optimizer.lr": 0.1, "model.hidden": [8], "trainer.ema": None}))
        for row in ROWS[:upto]:
            writer.log(row)
        assert len(events(tmp_path).Scalars("val_loss")) == upto  # for live viewing, before the end
        writer.close(None if upto == 1 else ROWS[0])
    logged = events(tmp_path)
    assert [(e.step, round(e.value, 4)) for e in logged.Scalars("val_accuracy")] == [(10, 0.2), (20, 0.3)]
    assert math.isnan(logged.Scalars("train_loss")[1].value)
    assert round(logged.Scalars("result/val_loss")[0].value, 4) == 2.2  # of the selected epoch


def wandb_records(path: Path):
    """Read the records of W&B's transaction log: LevelDB's format after a header of 7 bytes."""
    pb = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    content, at, buffer = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        if 32768 - at % 32768 < 7:  # too little of a block for a header
            at += 32768 - at % 32768
        _, length, kind = struct.unpack_from("<IHB", content, at)
        buffer += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield pb.Record.FromString(buffer)
            buffer = b""


@pytest.mark.integration
def test_wandb_writes_an_offline_run(trained):
    pytest.importorskip("wandb")
    run = trained("wandb") / "model=cnn/seed=0"
    (path,) = (run / "wandb").glob("offline-run-*/run-*.wandb")
    records = list(wandb_records(path))
    (created,) = [each.run for each in records if each.HasField("run")]
    config = {item.key: item.value_json for item in created.config.update}
    assert (created.display_name, created.run_group, created.project) == ("model=cnn/seed=0", "s", "ablate")
    assert config["model"] == '"cnn"' and config["optimizer.lr"] == "0.01" and "study.name" not in config
    history = [
        {item.key or item.nested_key[0]: item.value_json for item in each.history.item}
        for each in records
        if each.HasField("history")
    ]
    accuracies = [float(step["val_accuracy"]) for step in history if "val_accuracy" in step]
    assert accuracies == [row["val_accuracy"] for row in read_csv(run)]
    assert len(list(path.parent.glob("files/media/images/*.png"))) == 16
    assert [each.exit.exit_code for each in records if each.HasField("exit")] == [0]


@pytest.mark.integration
def test_mlflow_has_the_runs_of_a_study_in_one_store(trained):
    mlflow = pytest.importorskip("mlflow")
    study = trained("mlflow")
    client = mlflow.MlflowClient(f"sqlite:///{study}/mlflow.db")
    experiment = client.get_experiment_by_name("ablate")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"baseline/seed=0", "model=cnn/seed=0"}
    run = runs["model=cnn/seed=0"]
    assert run.info.status == "FINISHED" and run.data.tags["study"] == "s"
    assert run.data.params["model"] == "cnn" and run.data.params["optimizer.lr"] == "0.01"
    written = study / "model=cnn/seed=0"
    assert run.data.metrics["result_val_accuracy"] == record(written)["metrics"]["val_accuracy"]
    history = client.get_metric_history(run.info.run_id, "val_loss")
    assert [(m.step, m.value) for m in history] == [(row["step"], row["val_loss"]) for row in read_csv(written)]
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["augmented_images.png"]
    assert {path.name for path in study.parent.parent.iterdir()} == {"outputs"}  # nothing else in the working directory


@pytest.mark.integration
@pytest.mark.parametrize("exists", [True, False])
def test_an_experiment_that_another_run_has_just_created_is_used(exists):
    """As with a server: it is not there when this run looks for it, and when this run creates it."""
    exceptions = pytest.importorskip("mlflow.exceptions")
    from ablate.logger.mlflow import experiment_of

    client = Mock()
    client.get_experiment_by_name.side_effect = [None, Mock(experiment_id="7") if exists else None]
    client.create_experiment.side_effect = exceptions.MlflowException("Experiment 'e' already exists.")
    if exists:
        assert experiment_of(client, "e", None) == "7"
    else:
        with pytest.raises(exceptions.MlflowException):
            experiment_of(client, "e", None)


def test_a_failed_run_has_status_failed_in_mlflow(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    from ablate.logger.mlflow import MLflowRun

    writer = MLflowRun(description(tmp_path, {"seed": 0}), experiment="mine", tracking_uri=None)
    writer.log(ROWS[1])
    writer.close(None)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("mine").experiment_id])
    assert run.info.status == "FAILED" and math.isnan(run.data.metrics["train_loss"])


def test_a_grid_of_images_is_filled_row_by_row():
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] + np.zeros((3, 2, 2, 1), np.uint8)
    expected = [[0, 1], [0, 1], [2, 0], [2, 0]]  # the fourth place is empty
    assert grid(images).tolist() == [[[value] * 2 for value in row] for row in expected]


@pytest.mark.parametrize("option", ["tensorboard", pytest.param("wandb", marks=pytest.mark.integration), SLOW])
def test_a_missing_package_is_named_with_its_extra(tmp_path, option):
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules['{option}'] = None")  # as if not installed
    ended = alone(tmp_path, "train", *SMALL, "model=mlp", f"logger={option}", root=f"{tmp_path}{os.pathsep}{ROOT}")
    assert ended.returncode == 2 and f"pip install 'hydra-ablate[{option}]'" in ended.stderr, ended.stderr
    assert "Traceback" not in ended.stderr


HOSTILE = {
    "recipe@a": "<script>alert(1)</script>",
    "recipe_a": "\x1b[2J \n${x} %s",
    "../a//b": "x" * 20_000,
    "é\N{GRINNING FACE}" * 300: None,
    ".": "",
}


@pytest.mark.integration
@pytest.mark.parametrize("option", ["mlflow", "tensorboard", "wandb"])
def test_names_and_values_of_any_text_are_logged(tmp_path, option):
    """Levels of a study and settings of the user; none of them ends the tracker, or leaves its folder."""
    pytest.importorskip(option)
    run = logger.LoggedRun(tmp_path / "run", "s <b>%s", "a\nb/../c" * 50, {**HOSTILE}, {**HOSTILE, "seed": 0},
                           np.zeros((2, 1, 4, 4), np.uint8))  # fmt: skip
    run.folder.mkdir()
    module = importlib.import_module(f"ablate.logger.{option}")
    kind, options = {
        "mlflow": ("MLflowRun", {"experiment": "e <b>\N{GRINNING FACE}", "tracking_uri": None}),
        "tensorboard": ("TensorBoardRun", {}),
        "wandb": ("WandbRun", {"project": "p", "mode": "offline"}),
    }[option]
    tracked = getattr(module, kind)(run, **options)
    tracked.log(ROWS[0])
    tracked.close(ROWS[0])
    assert {path.name for path in tmp_path.iterdir()} == {"run"}
    if option == "mlflow":
        assert tracked.client.get_run(tracked.run_id).data.params["recipe_a"] == HOSTILE["recipe@a"]
