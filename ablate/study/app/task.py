"""An app's main function, wrapped so that each call leaves a `run.json`, whatever happens."""

import logging
import os
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from filelock import Timeout
from hydra.core.hydra_config import HydraConfig
from msgspec.structs import replace
from omegaconf import DictConfig

from ablate.files import atomic, bounded
from ablate.files.lock import TrainedElsewhere, lock
from ablate.runs import finished, provenance, run_record, study_plan
from ablate.runs.metric import LARGEST, Metric
from ablate.runs.record_parts import Seconds
from ablate.runs.run_record import RunRecord
from ablate.runs.statuses import RECORDED_END, RecordedStatus
from ablate.runs.study_plan import PlannedRun
from ablate.study.app import code, messages, results
from ablate.study.app.plan_of_command import digest, written
from ablate.study.status import recorded_state
from ablate.terminal.errors import InputError, RunFailed

log = logging.getLogger(__name__)
LARGEST_IN_RECORD = 2 * bounded.MIB  # bytes of the metrics in run.json, half of what it may have
VALUE_SIZE = 64  # bytes of a value in it, without its name; 2**15 values fit


@dataclass(frozen=True)
class RecordedTask:
    """The main function of an app, called by a launcher in the run's process.

    Attributes:
        task: the main function, which takes the configuration.
        study: folder of the study.
        metric: that of the study.
        best: see `ablate.study.app.results.of_run`.
        ignore: keys that do not belong to a run's identity.
        script: the file that defines the main function; None if there is none.
    """

    task: Callable[[DictConfig], Any]
    study: Path
    metric: Metric
    best: bool
    script: Path | None
    ignore: Sequence[str] = ()

    def __call__(self, config: DictConfig) -> Any:
        """Run the app and record the result, unless another process runs it or has finished it.

        Raises:
            InputError: the folder holds a finished run of another configuration, or the run itself has another one than
                planned.
            RunFailed: the app failed, or has no result.
            TrainedElsewhere: another process runs it.
        """
        folder = Path(HydraConfig.get().runtime.output_dir)
        planned = self._planned(folder)
        try:
            with lock(folder):
                if recorded_state(folder, planned.config_sha256).status in RECORDED_END:
                    return None
                finished.refuse(folder, in_study=True, which=" of another configuration")
                self._check(config, planned)
                return self._run(config, folder, planned)
        except Timeout:
            raise TrainedElsewhere("Another process is running this run.") from None

    def _planned(self, folder: Path) -> PlannedRun:
        inside = folder.resolve().relative_to(self.study.resolve()).as_posix()
        return next(run for run in study_plan.read_once(self.study).runs if run.folder == inside)

    def _check(self, config: DictConfig, planned: PlannedRun) -> None:
        """Raise InputError if this is not the planned configuration: a launcher may compose it long after the plan."""
        if planned.written_sha256 not in (None, digest(written(config, self.ignore))):
            raise InputError(
                f"{planned.folder} was not started: its configuration is not the planned one, because the app's"
                " configuration files, or the study's plan, changed in the meantime. Repeat the command."
            )

    def _run(self, config: DictConfig, folder: Path, planned: PlannedRun) -> Any:
        started = time.perf_counter()
        record = self._started(planned)
        run_record.write(folder, record)
        before = Path.cwd()
        try:
            value = self.task(config)
            metrics = _within_record(results.of_run(value, folder, self.metric, self.best), self.metric)
        except BaseException as error:
            status: RecordedStatus = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            reason = messages.of_run(error)
            folder.mkdir(parents=True, exist_ok=True)  # the app may have deleted it
            atomic.write_text(folder / messages.TRACEBACK, traceback.format_exc())
            run_record.write(folder, replace(record, status=status, error=reason, seconds=_since(started)))
            if isinstance(error, KeyboardInterrupt):
                raise
            raise RunFailed(reason) from error  # also for SystemExit, which would end the other runs
        finally:
            folder.mkdir(parents=True, exist_ok=True)
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


def _within_record(metrics: results.Metrics, metric: Metric) -> results.Metrics:
    """As many of the metrics as a run's record holds: that of the study, then the others in their order."""
    ordered = {metric.name: metrics[metric.name], **metrics}
    ends = accumulate(VALUE_SIZE + 12 * len(name) for name in ordered)  # a character takes up to 12 bytes in JSON
    kept = dict(item for item, size in zip(ordered.items(), ends, strict=True) if size <= LARGEST_IN_RECORD)
    if len(kept) < len(metrics):
        log.warning("run.json has room for %s of the run's %s metrics.", f"{len(kept):,}", f"{len(metrics):,}")
    return kept


def _since(started: float) -> Seconds:
    return Seconds(total=time.perf_counter() - started)
