"""Loggers: `metrics.csv`, and optionally an experiment tracker, one module each.

A logger is created with a description of the run, receives one row per epoch, and is closed with the run's result.
"""

import csv
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ablate.files import atomic
from ablate.runs.config_hash import NOT_TRAINED
from ablate.runs.epochs import COLUMNS, FILE, Row
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class LoggedRun:
    """The description of a run that loggers receive.

    Attributes:
        folder: folder of the run.
        study: name of the study; None outside a study.
        variant: name of the variant; None outside a study.
        factors: level of each factor of the study.
        settings: the whole configuration as dotted keys (`config.flatten.flat`).
        images: first images of the first batch, augmented, uint8 (n, C, H, W).
    """

    folder: Path
    study: str | None
    variant: str | None
    factors: dict[str, str]
    settings: dict[str, Any]
    images: "np.ndarray"

    @property
    def name(self) -> str:
        """Name of the run in a tracker: `model=cnn/seed=0`, or its folder outside a study."""
        return f"{self.variant}/seed={self.settings['seed']}" if self.variant else self.folder.name

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The level of each factor, then all settings that affect training."""
        trained = {key: value for key, value in self.settings.items() if key.split(".")[0] not in NOT_TRAINED}
        return {**self.factors, **trained}


class Logger(Protocol):
    """The interface between the training loop and a logger."""

    def log(self, row: Row) -> None:
        """Log one epoch: the columns of metrics.csv."""

    def close(self, result: Row | None) -> None:
        """Log the row of the selected epoch, and close. `result` is None if the run was interrupted or failed."""


class Csv:
    """Writes metrics.csv: a header and one row per epoch.

    A row can be read once its epoch has ended. Only the whole file is synced to disk: a run that a crash of the machine
    interrupted writes all rows again, from its checkpoint.
    """

    def __init__(self, run: LoggedRun) -> None:
        self.path = run.folder / FILE
        self.file = open(self.path, "w", encoding="utf-8", newline="")  # noqa: SIM115  closed by close()
        self.writer = csv.DictWriter(self.file, COLUMNS)
        with atomic.naming(self.path):
            self.writer.writeheader()
            self.file.flush()

    def log(self, row: Row) -> None:
        """Write one row."""
        with atomic.naming(self.path):
            self.writer.writerow(row)
            self.file.flush()

    def close(self, result: Row | None) -> None:
        """Sync the file to disk, and close it."""
        with atomic.naming(self.path), self.file:
            os.fsync(self.file.fileno())


def grid(images: "np.ndarray") -> "np.ndarray":
    """Arrange images in a grid that is nearly square: uint8 (n, C, H, W) -> (rows * H, columns * W, C)."""
    import numpy as np

    n, channels, height, width = images.shape
    columns = math.ceil(n**0.5)
    rows = math.ceil(n / columns)
    tiles = np.zeros((rows * columns, channels, height, width), np.uint8)
    tiles[:n] = images
    tiled = tiles.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    return tiled.reshape(rows * height, columns * width, channels)


def missing_package(name: str) -> InputError:
    """Return the error for a tracker whose package is not installed."""
    return InputError(f"logger={name} needs the package {name}. Run: pip install 'hydra-ablate[{name}]'")
