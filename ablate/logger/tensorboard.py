"""TensorBoard: `tensorboard --logdir outputs/NAME` shows all runs of a study, and compares them by their factors."""

import shutil
from typing import Any

from ablate.logger import Csv, LoggedRun, Row, grid, missing

RESULT = "result/"  # before the figures of the selected epoch: the curves have the names themselves


class TensorBoard(Csv):
    """metrics.csv; and curves, the first images and hyperparameters in the run folder's `tensorboard/`."""

    def __init__(self, run: LoggedRun) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise missing("tensorboard") from None
        super().__init__(run)
        self.hyperparameters = {name: _plain(value) for name, value in run.hyperparameters.items()}
        folder = run.folder / "tensorboard"
        shutil.rmtree(folder, ignore_errors=True)  # a run that goes on logs its first epochs again
        self.events = SummaryWriter(str(folder))
        self.events.add_image("augmented images", grid(run.images), dataformats="HWC")
        self.events.flush()

    def log(self, row: Row) -> None:
        """A point in each curve, at the row's step, for whoever watches."""
        super().log(row)
        for name, value in row.items():
            self.events.add_scalar(name, value, int(row["step"]))
        self.events.flush()

    def close(self, result: Row | None) -> None:
        """What the HPARAMS tab compares: hyperparameters beside the result."""
        super().close(result)
        if result is not None:
            self._compare({f"{RESULT}{name}": result[name] for name in result if name.startswith(("train", "val"))})
        self.events.close()

    def _compare(self, figures: Row) -> None:
        # Not `add_hparams`, which writes them as another run, in a folder beside the curves.
        from torch.utils.tensorboard.summary import hparams

        for summary in hparams(self.hyperparameters, figures):
            self.events._get_file_writer().add_summary(summary)
        for name, value in figures.items():
            self.events.add_scalar(name, value)


def _plain(value: Any) -> Any:
    """The value if the HPARAMS tab takes its type, else as text."""
    return value if isinstance(value, (bool, int, float, str)) else str(value)
