"""MLflow. `mlflow ui --backend-store-uri sqlite:///outputs/NAME/mlflow.db` compares the runs of a study."""

import os
import re
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock

from ablate.logger import LoggedRun, Row, grid
from ablate.logger.tracker import Tracker
from ablate.terminal.text import shortened

LONGEST_NAME, LONGEST_VALUE = 240, 6000  # characters of a parameter in MLflow, with room for a suffix


class MLflow(Tracker):
    """Writes metrics.csv and an MLflow run.

    Args:
        run: the run.
        experiment: name of the MLflow experiment.
        tracking_uri: server or store; None for `mlflow.db` in the folder of the study, or of a run outside a study.
    """

    package = "mlflow"

    def __init__(self, run: LoggedRun, experiment: str, tracking_uri: str | None) -> None:
        super().__init__(run, MLflowRun, local=not tracking_uri, experiment=experiment, tracking_uri=tracking_uri)


class MLflowRun:
    """An MLflow run; for its arguments, see `MLflow`."""

    def __init__(self, run: LoggedRun, experiment: str, tracking_uri: str | None) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a local store should contact no server
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # 4 minutes by default
        from mlflow import MlflowClient
        from mlflow.entities import Param, RunTag

        folder = store_folder(run)
        # Parallel runs create the same database and experiment, and write to the same file.
        lock = FileLock(folder / ".mlflow.lock")
        self.lock: AbstractContextManager = nullcontext() if tracking_uri else lock
        tags = {"study": run.study, "variant": run.variant, "mlflow.source.name": "ablate train"}
        with lock:
            self.client = MlflowClient(tracking_uri or f"sqlite:///{folder}/mlflow.db")
            # By default MLflow puts files into the working directory.
            files = None if tracking_uri else (folder / "mlflow").as_uri()
            experiment_id = experiment_of(self.client, experiment, files)
        with self.lock:
            self.run_id = self.client.create_run(experiment_id, run_name=run.name).info.run_id
            self.client.log_batch(
                self.run_id,
                params=[Param(name, value) for name, value in parameters(run.hyperparameters).items()],
                tags=[RunTag(name, value) for name, value in tags.items() if value],
            )
            self.client.log_image(self.run_id, grid(run.images), artifact_file="augmented_images.png")

    def log(self, row: Row) -> None:
        """Log each column as a metric, at the step of the row."""
        self._metrics(row, int(row["step"]))

    def close(self, result: Row | None) -> None:
        """End the MLflow run, with the metrics of the selected epoch as `result_...`."""
        if result is not None:
            self._metrics({f"result_{name}": result[name] for name in result if name.startswith(("train", "val"))}, 0)
        with self.lock:
            self.client.set_terminated(self.run_id, "FINISHED" if result is not None else "FAILED")

    def _metrics(self, metrics: Row, step: int) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        with self.lock:
            self.client.log_batch(self.run_id, [Metric(name, value, now, step) for name, value in metrics.items()])


def experiment_of(client: Any, name: str, files: str | None) -> str:
    """Return the id of an experiment, which is created if there is none; runs of other studies may create it, too."""
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return client.create_experiment(name, files)
        except MlflowException:
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    return experiment.experiment_id


def parameters(settings: dict[str, Any]) -> dict[str, str]:
    """Settings by names that MLflow accepts, as text of the length that it accepts."""
    named: dict[str, str] = {}
    for name, value in settings.items():
        accepted = re.sub(r"[^\w. :-]|^\.+", "_", name)[:LONGEST_NAME] or "_"
        while accepted in named:
            accepted += "_"
        named[accepted] = shortened(str(value), LONGEST_VALUE)
    return named


def store_folder(run: LoggedRun) -> Path:
    """Return the folder of the study, or of a run outside a study."""
    folder = run.folder.absolute()
    return next((parent for parent in folder.parents if run.study and (parent / "study.json").exists()), folder)
