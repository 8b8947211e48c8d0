"""MLflow: `mlflow ui --backend-store-uri sqlite:///outputs/NAME/mlflow.db` compares the runs of a study."""

import os
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from filelock import FileLock

from ablate.logger import Csv, LoggedRun, Row, grid, missing


class MLflow(Csv):
    """metrics.csv; and an MLflow run: on a server or, without a `tracking_uri`, in the study's `mlflow.db`.

    Of a run outside a study it is in the run's own folder.
    """

    def __init__(self, run: LoggedRun, experiment: str, tracking_uri: str | None) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a local store tells nobody
        try:
            from mlflow import MlflowClient
            from mlflow.entities import Param, RunTag
        except ImportError:
            raise missing("mlflow") from None
        super().__init__(run)
        folder = place(run)
        # Runs that train side by side write to one file.
        self.alone: AbstractContextManager = FileLock(folder / ".mlflow.lock") if not tracking_uri else nullcontext()
        tags = {"study": run.study, "variant": run.variant, "mlflow.source.name": "ablate train"}
        with self.alone:
            self.client = MlflowClient(tracking_uri or f"sqlite:///{folder}/mlflow.db")
            known = self.client.get_experiment_by_name(experiment)
            # MLflow itself would put files into the folder that it is called from.
            files = None if tracking_uri else (folder / "mlflow").as_uri()
            identity = known.experiment_id if known else self.client.create_experiment(experiment, files)
            self.run_id = self.client.create_run(identity, run_name=run.name).info.run_id
            self.client.log_batch(
                self.run_id,
                params=[Param(name, str(value)) for name, value in run.hyperparameters.items()],
                tags=[RunTag(name, value) for name, value in tags.items() if value],
            )
            self.client.log_image(self.run_id, grid(run.images), artifact_file="augmented_images.png")

    def log(self, row: Row) -> None:
        """A point in each metric, at the row's step."""
        super().log(row)
        self._metrics(row, int(row["step"]))

    def close(self, result: Row | None) -> None:
        """End the MLflow run; its `result` metrics are of the selected epoch, which need not be the last."""
        super().close(result)
        if result is not None:
            self._metrics({f"result_{name}": result[name] for name in result if name.startswith(("train", "val"))}, 0)
        with self.alone:
            self.client.set_terminated(self.run_id, "FINISHED" if result is not None else "FAILED")

    def _metrics(self, figures: Row, step: int) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        with self.alone:
            self.client.log_batch(self.run_id, [Metric(name, value, now, step) for name, value in figures.items()])


def place(run: LoggedRun) -> Path:
    """The folder of the study, or of a run outside one."""
    folder = run.folder.absolute()
    return next((above for above in folder.parents if run.study and (above / "study.json").exists()), folder)
