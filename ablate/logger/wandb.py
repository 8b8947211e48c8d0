"""Weights & Biases. In offline mode, the default, nothing is uploaded until you run `wandb sync`."""

import os
import shutil
from typing import Literal

from ablate.logger import Csv, LoggedRun, Row, missing_package


class Wandb(Csv):
    """Writes metrics.csv, and a W&B run to `wandb/` in the run folder."""

    def __init__(self, run: LoggedRun, project: str, mode: Literal["offline", "online"]) -> None:
        try:
            import wandb
        except ImportError:
            raise missing_package("wandb") from None
        super().__init__(run)
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
        super().log(row)
        self.run.log(row, step=int(row["step"]))

    def close(self, result: Row | None) -> None:
        """Finish the W&B run, with the selected epoch, not the last one, as its summary."""
        super().close(result)
        self.run.summary.update(result or {})
        self.run.finish(exit_code=0 if result else 1)
