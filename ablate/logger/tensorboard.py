"""TensorBoard. `tensorboard --logdir outputs/NAME` shows all runs of a study and compares them by their factors."""

import shutil
from typing import Any

from ablate.logger import LoggedRun, Row, grid
from ablate.logger.tracker import Tracker

RESULT = "result/"  # prefix of the metrics of the selected epoch; without it they are the names of the curves


class TensorBoard(Tracker):
    """Writes metrics.csv, and curves, images and hyperparameters to `tensorboard/` in the run folder."""

    package = "tensorboard"

    def __init__(self, run: LoggedRun) -> None:
        super().__init__(run, TensorBoardRun, local=True)


class TensorBoardRun:
    """The event file of a run."""

    def __init__(self, run: LoggedRun) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.hyperparameters = {name: _plain(value) for name, value in run.hyperparameters.items()}
        folder = run.folder / "tensorboard"
        shutil.rmtree(folder, ignore_errors=True)  # a resumed run logs its first epochs again
        self.events = SummaryWriter(str(folder))
        self.events.add_image("augmented images", grid(run.images), dataformats="HWC")
        self.events.flush()

    def log(self, row: Row) -> None:
        """Add a point to each curve, at the step of the row, and flush for live viewing."""
        for name, value in row.items():
            self.events.add_scalar(name, value, int(row["step"]))
        self.events.flush()

    def close(self, result: Row | None) -> None:
        """Log hyperparameters and result for the HPARAMS tab."""
        if result is not None:
            self._compare({f"{RESULT}{name}": result[name] for name in result if name.startswith(("train", "val"))})
        self.events.close()

    def _compare(self, metrics: Row) -> None:
        # Not `add_hparams`, which would write them as a separate run.
        from torch.utils.tensorboard.summary import hparams

        for summary in hparams(self.hyperparameters, metrics):
            self.events._get_file_writer().add_summary(summary)
        for name, value in metrics.items():
            self.events.add_scalar(name, value)


def _plain(value: Any) -> Any:
    """Return the value, converted to text if the HPARAMS tab does not support its type."""
    return value if isinstance(value, (bool, int, float, str)) else str(value)
