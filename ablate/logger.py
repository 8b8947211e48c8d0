"""Where an epoch's figures go: `metrics.csv` always, and beside it a tracker of the user's choice.

A logger is opened with the run's folder and resolved configuration, given a row an epoch, and closed with the outcome.
"""

import csv as csv_format
import os
from pathlib import Path
from typing import Any, Literal, Protocol

from omegaconf import DictConfig, OmegaConf

from ablate.errors import InputError

COLUMNS = (
    "epoch",
    "step",
    "learning_rate",
    "train_loss",
    "train_accuracy",
    "val_loss",
    "val_accuracy",
    "seconds",
    "images_per_second",
)
Row = dict[str, float]
Mode = Literal["offline", "online"]  # of W&B


def flat(config: DictConfig, resolve: bool = True) -> dict[str, Any]:
    """The configuration as dotted keys and plain values, the form in which trackers list hyperparameters.

    Without `resolve` interpolations stay as written.
    """

    def dotted(node: Any, prefix: str) -> Any:
        for name, value in node.items():
            key = f"{prefix}{name}"
            yield from dotted(value, f"{key}.") if isinstance(value, dict) else [(key, value)]

    return dict(dotted(OmegaConf.to_container(config, resolve=resolve), ""))


class Logger(Protocol):
    """What the training loop asks of a logger."""

    def log(self, row: Row) -> None:
        """Record one epoch: the columns of metrics.csv."""

    def close(self) -> None:
        """Write out what is still held."""


class Csv:
    """metrics.csv: a header and a row an epoch, on disk before the next epoch starts."""

    def __init__(self, folder: Path) -> None:
        self.file = open(folder / "metrics.csv", "w", newline="")  # noqa: SIM115  closed by close()
        self.writer = csv_format.DictWriter(self.file, COLUMNS)
        self.writer.writeheader()
        self.file.flush()

    def log(self, row: Row) -> None:
        """Write a row and flush it to disk."""
        self.writer.writerow(row)
        self.file.flush()
        os.fsync(self.file.fileno())

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def csv(folder: Path, settings: dict[str, Any]) -> list[Logger]:
    """metrics.csv alone."""
    return [Csv(folder)]


class TensorBoard:
    """Scalars for TensorBoard, in the run folder's `tensorboard/`."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise _missing("tensorboard") from None
        self.writer = SummaryWriter(str(folder / "tensorboard"))

    def log(self, row: Row) -> None:
        """A point in each curve, at the row's step."""
        for name, value in row.items():
            self.writer.add_scalar(name, value, int(row["step"]))

    def close(self) -> None:
        """Flush and close."""
        self.writer.close()


def tensorboard(folder: Path, settings: dict[str, Any]) -> list[Logger]:
    """metrics.csv and TensorBoard."""
    return [Csv(folder), TensorBoard(folder)]


class Wandb:
    """A W&B run; offline it is kept in the run folder's `wandb/`, for `wandb sync`."""

    def __init__(self, folder: Path, settings: dict[str, Any], project: str, mode: Mode) -> None:
        try:
            import wandb
        except ImportError:
            raise _missing("wandb") from None
        self.run = wandb.init(project=project, mode=mode, dir=str(folder), config=settings, reinit="create_new")

    def log(self, row: Row) -> None:
        """One step of W&B's history."""
        self.run.log(row, step=int(row["step"]))

    def close(self) -> None:
        """Finish the W&B run."""
        self.run.finish()


def wandb(folder: Path, settings: dict[str, Any], project: str, mode: Mode) -> list[Logger]:
    """metrics.csv and Weights & Biases."""
    return [Csv(folder), Wandb(folder, settings, project, mode)]


class MLflow:
    """An MLflow run; without a tracking URI it is kept in the run folder's `mlflow.db`."""

    def __init__(self, folder: Path, settings: dict[str, Any], experiment: str, tracking_uri: str | None) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise _missing("mlflow") from None
        self.client = MlflowClient(tracking_uri or f"sqlite:///{folder.resolve()}/mlflow.db")
        known = self.client.get_experiment_by_name(experiment)
        self.run_id = self.client.create_run(
            known.experiment_id if known else self.client.create_experiment(experiment)
        ).info.run_id
        for name, value in settings.items():
            self.client.log_param(self.run_id, name, value)

    def log(self, row: Row) -> None:
        """A point in each metric, at the row's step."""
        for name, value in row.items():
            self.client.log_metric(self.run_id, name, value, step=int(row["step"]))

    def close(self) -> None:
        """Mark the MLflow run as ended."""
        self.client.set_terminated(self.run_id)


def mlflow(folder: Path, settings: dict[str, Any], experiment: str, tracking_uri: str | None) -> list[Logger]:
    """metrics.csv and MLflow."""
    return [Csv(folder), MLflow(folder, settings, experiment, tracking_uri)]


def _missing(package: str) -> InputError:
    return InputError(
        f"logger={package} needs the package {package}; install it with pip install 'hydra-ablate[loggers]'."
    )
