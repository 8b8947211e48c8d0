"""Weights & Biases. In offline mode, the default, nothing is uploaded until you run `wandb sync`."""

import os
import shutil
from typing import Literal

from ablate.logger import LoggedRun, Row
from ablate.logger.tracker import Tracker


class Wandb(Tracker):
    """Writes metrics.csv, and a W&B run to `wandb/` in the run folder.

    Args:
        run: the run.
        project: name of the W&B project.
        mode: offline only writes to the run folder, online also uploads.
    """

    package = "wandb"

    def __init__(self, run: LoggedRun, project: str, mode: Literal["offline", "online"]) -> None:
        super().__init__(run, WandbRun, local=mode == "offline", project=project, mode=mode)


class WandbRun:
    """A W&B run; for its arguments, see `Wandb`."""

    def __init__(self, run: LoggedRun, project: str, mode: Literal["offline", "online"]) -> None:
        import wandb

        if mode == "offline":
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # crash reports would be sent even in offline mode
            shutil.rmtree(run.folder / "wandb", ignore_errors=True)  # a resumed run logs its first epochs again
        self.run = wandb.init(
            project=project,
            mode=mode,
            dir=str(run.folder),
            name=run.name,
            group=run.study,
            config=run.hyperparameters,
            reinit="create_new",
            settings=wandb.Settings(console="off"),  # train.log has the console output
        )
        self.run.log({"augmented images": [wandb.Image(image.transpose(1, 2, 0)) for image in run.images]}, step=0)

    def log(self, row: Row) -> None:
        """Add one step to W&B's history."""
        self.run.log(row, step=int(row["step"]))

    def close(self, result: Row | None) -> None:
        """Finish the W&B run, with the selected epoch, not the last one, as its summary."""
        self.run.summary.update(result or {})
        self.run.finish(exit_code=0 if result else 1)
