"""An app's main function, wrapped so that each call leaves a `run.json`, whatever happens."""

import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import Timeout
from hydra.core.hydra_config import HydraConfig
from msgspec.structs import replace
from omegaconf import DictConfig

from ablate.files.lock import TrainedElsewhere, lock
from ablate.runs import provenance, run_record, study_plan
from ablate.runs.metric import LARGEST, Metric
from ablate.runs.record_parts import Seconds
from ablate.runs.run_record import RunRecord
from ablate.runs.statuses import RECORDED_END, RecordedStatus
from ablate.runs.study_plan import PlannedRun
from ablate.study.app import code, messages, results
from ablate.study.status import recorded_state
from ablate.terminal.errors import RunFailed


@dataclass(frozen=True)
class RecordedTask:
    """The main function of an app, called by a launcher in the run's process.

    Attributes:
        task: the main function, which takes the configuration.
        study: folder of the study.
        metric: that of the study.
        best: see `ablate.study.app.results.of_run`.
        script: the file that defines the main function; None if there is none.
    """

    task: Callable[[DictConfig], Any]
    study: Path
    metric: Metric
    best: bool
    script: Path | None

    def __call__(self, config: DictConfig) -> Any:
        """Run the app and record the result, unless another process runs it or has finished it."""
        folder = Path(HydraConfig.get().runtime.output_dir)
        planned = self._planned(folder)
        try:
            with lock(folder):
                if recorded_state(folder, planned.config_sha256).status in RECORDED_END:
                    return None
                return self._run(config, folder, planned)
        except Timeout:
            raise TrainedElsewhere("Another process is running this run.") from None

    def _planned(self, folder: Path) -> PlannedRun:
        inside = folder.resolve().relative_to(self.study.resolve()).as_posix()
        return next(run for run in study_plan.read_once(self.study).runs if run.folder == inside)

    def _run(self, config: DictConfig, folder: Path, planned: PlannedRun) -> Any:
        started = time.perf_counter()
        record = self._started(planned)
        run_record.write(folder, record)
        before = Path.cwd()
        try:
            value = self.task(config)
            metrics = results.of_run(value, folder, self.metric, self.best)
        except BaseException as error:
            status: RecordedStatus = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            reason = messages.of_run(error)
            (folder / messages.TRACEBACK).write_text(traceback.format_exc(), encoding="utf-8")
            run_record.write(folder, replace(record, status=status, error=reason, seconds=_since(started)))
            if isinstance(error, KeyboardInterrupt):
                raise
            raise RunFailed(reason) from error  # also for SystemExit, which would end the other runs
        finally:
            os.chdir(before)
        ended: RecordedStatus = "completed" if abs(metrics[self.metric.name]) <= LARGEST else "diverged"
        run_record.write(folder, replace(record, status=ended, metrics=dict(metrics), seconds=_since(started)))
        return value

    def _started(self, planned: PlannedRun) -> RunRecord:
        return RunRecord(
            status="running",
            app=self.script.name if self.script else "",
            study=self.study.name,
            variant=planned.variant,
            factors=planned.factors,
            seed=planned.seed,
            config_sha256=planned.config_sha256,
            settings_sha256=planned.settings_sha256,
            code_sha256=code.sha256(self.script) if self.script else None,
            git=provenance.git_state(self.script.parent) if self.script else None,
            environment=code.environment(),
        )


def _since(started: float) -> Seconds:
    return Seconds(total=time.perf_counter() - started)
