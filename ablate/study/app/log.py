"""Optional helpers for the author of an app: learning curves and seeds."""

import csv
import io
import os
import random
from collections.abc import Iterable
from pathlib import Path

from ablate.study.app.results import CSV
from ablate.terminal.errors import InputError
from ablate.terminal.text import printable


def log(folder: Path | str | None = None, **values: float) -> None:
    """Append one row to `metrics.csv` in the run's folder: `ablate.log(epoch=3, val_loss=0.2, val_acc=0.93)`.

    The report draws its learning curves, and takes the last values as the run's metrics if main returns none.

    Args:
        folder: of the run; None: that of the current Hydra job, or the current folder outside Hydra.
        **values: the epoch and the metrics after it. All calls of a run must have the same names.

    Raises:
        InputError: the names differ from those of the first call.
    """
    path = (Path(folder) if folder is not None else _job_folder()) / CSV
    header = _line(map(printable, values))
    if path.exists():
        with path.open(encoding="utf-8") as file:
            first = file.readline()
        if first != header:
            raise InputError(
                f"ablate.log: {path} has the columns {first.strip()}, and this call has {header.strip()}. Pass the same"
                " names in every call."
            )
    start = "" if path.exists() else header
    row = [repr(float(value)) if not isinstance(value, int) else value for value in values.values()]
    with path.open("a", encoding="utf-8") as file:
        file.write(start + _line(row))


def _line(cells: Iterable[object]) -> str:
    """A line of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _job_folder() -> Path:
    from hydra.core.hydra_config import HydraConfig

    return Path(HydraConfig.get().runtime.output_dir) if HydraConfig.initialized() else Path.cwd()


def seed_everything(seed: int) -> None:
    """Seed Python's `random`, NumPy and PyTorch (CPU and GPUs), as far as they are installed, and PYTHONHASHSEED.

    Runs of the same seed then share their initialization only where they draw the same numbers in the same order: a
    variant with another layer shifts all numbers drawn after it. Pairing by seed stays valid, but gains less.
    `ablate.initialize` gives the layers that two variants share equal weights.
    """
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)  # of processes started from here on
    try:
        import numpy as np

        np.random.seed(seed % 2**32)
    except ImportError:
        pass
    try:
        import torch

        torch.manual_seed(seed)
    except ImportError:
        pass
