"""Each logger writes what its own reader finds again."""

import csv
import math

import pytest

from ablate import logger

ROWS = [
    dict(zip(logger.COLUMNS, (1, 10, 0.1, 2.3, 0.1, 2.2, 0.2, 1.5, 100.0), strict=True)),
    dict(zip(logger.COLUMNS, (2, 20, 0.05, math.nan, 0.1, 2.1, 0.3, 1.4, 110.0), strict=True)),
]
SETTINGS = {"optimizer.lr": 0.1, "seed": 0}


def write(loggers) -> None:
    for each in loggers:
        for row in ROWS:
            each.log(row)
        each.close()


def read_csv(folder) -> list[dict[str, float]]:
    with open(folder / "metrics.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def check_csv(folder) -> None:
    rows = read_csv(folder)
    assert list(rows[0]) == list(logger.COLUMNS)
    assert rows[0] == ROWS[0] and math.isnan(rows[1]["train_loss"]) and len(rows) == 2


def test_csv_is_on_disk_after_each_epoch(tmp_path):
    (each,) = logger.csv(tmp_path, SETTINGS)
    each.log(ROWS[0])
    assert read_csv(tmp_path) == ROWS[:1]
    each.log(ROWS[1])
    each.close()
    check_csv(tmp_path)


def test_tensorboard_reads_the_curves(tmp_path):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    write(logger.tensorboard(tmp_path, SETTINGS))
    check_csv(tmp_path)
    events = event_accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(e.step, round(e.value, 4)) for e in events.Scalars("val_accuracy")] == [(10, 0.2), (20, 0.3)]


def test_wandb_offline_leaves_a_run_to_sync(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    write(logger.wandb(tmp_path, SETTINGS, project="ablate", mode="offline"))
    check_csv(tmp_path)
    (run,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    content = run.read_bytes()
    assert b"val_accuracy" in content and b"optimizer.lr" in content


def test_mlflow_reads_metrics_and_parameters(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    write(logger.mlflow(tmp_path, SETTINGS, experiment="ablate", tracking_uri=None))
    check_csv(tmp_path)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("ablate").experiment_id])
    assert run.info.status == "FINISHED" and run.data.params == {"optimizer.lr": "0.1", "seed": "0"}
    history = client.get_metric_history(run.info.run_id, "val_loss")
    assert [(m.step, m.value) for m in history] == [(10, 2.2), (20, 2.1)]
