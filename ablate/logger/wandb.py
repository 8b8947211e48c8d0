"""Weights & Biases: offline, the default, leaves a run for `wandb sync` to send when you say so."""

import os
import shutil
from typing import Literal

from ablate.logger import Csv, LoggedRun, Row, missing


class Wandb(Csv):
    """metrics.csv; and a W&B run, in the run folder's `wandb/`."""

    def __init__(self, run: LoggedRun, project: str, mode: Literal["offline", "online"]) -> None:
        try:
            import wandb
        except ImportError:
            raise missing("wandb") from None
        super().__init__(run)
        if mode == "offline":
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # its own crash reports would go out all the same
            shutil.rmtree(run.folder / "wandb", ignore_errors=True)  # a run that goes on logs its first epochs again
        self.run = wandb.init(
            project=project,
            mode=mode,
            dir=str(run.folder),
            name=run.name,
            group=run.study,
            config=run.hyperparameters,
            reinit="create_new",
            settings=wandb.Settings(console="off"),  # the terminal stays ours: train.log has what is printed
        )
        self.run.log({"augmented images": [wandb.Image(image.transpose(1, 2, 0)) for image in run.images]}, step=0)

    def log(self, row: Row) -> None:
        """One step of W&B's history."""
        super().log(row)
        self.run.log(row, step=int(row["step"]))

    def close(self, result: Row | None) -> None:
        """Finish the W&B run; its summary is the result, not the last epoch."""
        super().close(result)
        self.run.summary.update(result or {})
        self.run.finish(exit_code=0 if result else 1)
