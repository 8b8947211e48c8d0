"""Where an epoch's figures go: `metrics.csv` always, and beside it a tracker of the user's choice, a module each.

A logger is opened with the run it is told of, given a row an epoch, and closed with the run's result.
"""

import csv
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ablate.files import atomic
from ablate.runs.config_hash import NOT_TRAINED
from ablate.runs.epochs import COLUMNS, Row
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class LoggedRun:
    """What a logger is told of a run that is about to train.

    settings  its whole configuration, `flat`
    images    uint8 (n, C, H, W), the first it trains on, augmented
    """

    folder: Path
    study: str | None
    variant: str | None
    factors: dict[str, str]
    settings: dict[str, Any]
    images: "np.ndarray"

    @property
    def name(self) -> str:
        """What a tracker calls the run: `model=cnn/seed=0`, or the folder of a run outside a study."""
        return f"{self.variant}/seed={self.settings['seed']}" if self.variant else self.folder.name

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The levels of the study's factors, by which its runs are compared, then all settings of what is trained."""
        trained = {key: value for key, value in self.settings.items() if key.split(".")[0] not in NOT_TRAINED}
        return {**self.factors, **trained}


class Logger(Protocol):
    """What the training loop asks of a logger."""

    def log(self, row: Row) -> None:
        """Record one epoch: the columns of metrics.csv."""

    def close(self, result: Row | None) -> None:
        """Write out what is still held, and the row of the selected epoch; None of a run that was cut off."""


class Csv:
    """metrics.csv: a header and a row an epoch, on disk before the next epoch starts."""

    def __init__(self, run: LoggedRun) -> None:
        self.path = run.folder / "metrics.csv"
        self.file = open(self.path, "w", newline="")  # noqa: SIM115  closed by close()
        self.writer = csv.DictWriter(self.file, COLUMNS)
        with atomic.naming(self.path):
            self.writer.writeheader()
            self.file.flush()

    def log(self, row: Row) -> None:
        """Write a row and flush it to disk."""
        with atomic.naming(self.path):
            self.writer.writerow(row)
            self.file.flush()
            os.fsync(self.file.fileno())

    def close(self, result: Row | None) -> None:
        """Close the file."""
        with atomic.naming(self.path):
            self.file.close()


def grid(images: "np.ndarray") -> "np.ndarray":
    """Images uint8 (n, C, H, W) as one, (rows x H, columns x W, C), as near to a square as n allows."""
    import numpy as np

    n, channels, height, width = images.shape
    columns = math.ceil(n**0.5)
    rows = math.ceil(n / columns)
    tiles = np.zeros((rows * columns, channels, height, width), np.uint8)
    tiles[:n] = images
    tiled = tiles.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    return tiled.reshape(rows * height, columns * width, channels)


def missing(package: str) -> InputError:
    """What is said where a tracker's package is not installed."""
    return InputError(
        f"logger={package} needs the package {package}; install it with pip install 'hydra-ablate[{package}]'."
    )
