"""The one training entrypoint: config -> parts -> fit -> record."""

import logging
import os
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from msgspec.structs import replace
from omegaconf import DictConfig

from ablate.config import Chosen, returned, user_code, validate
from ablate.config.flatten import flat
from ablate.config.messages import sentence
from ablate.files import atomic
from ablate.logger import LoggedRun, Logger, Row
from ablate.runs import checkpoints, epochs, finished, options, other_images, provenance, resolved_config, run_record
from ablate.runs.config_hash import resolved
from ablate.runs.metric import named
from ablate.runs.record_parts import EpochCount, Seconds
from ablate.runs.run_record import METRICS, RunRecord
from ablate.runs.starting_record import starting_record
from ablate.runs.statuses import RecordedStatus
from ablate.runs.without_effect import without_effect
from ablate.training.pruning import Pruned, Pruner

if TYPE_CHECKING:
    from ablate.config.schema import Config
    from ablate.training.devices.interface import Devices

log = logging.getLogger(__name__)


def run(config: DictConfig, folder: Path) -> RunRecord:
    """Train the configuration in `folder` and return its record. `run.json` records every ending, also an error."""
    started = time.perf_counter()
    record = starting_record(config, folder)
    finished.refuse(folder, in_study=record.study is not None)
    if record.study is None:
        finished.refuse_other(folder, lambda: record.config_sha256)
    if epochs.done(folder) and not checkpoints.exist(folder):
        log.info("%s: no checkpoint yet; starts from the first epoch", os.path.relpath(folder))
    start(config, folder, record)
    try:
        validate(config, Chosen.of(HydraConfig.get()))
        for text in without_effect([resolved(config)]) if record.study is None else ():  # a study names them once
            log.warning("%s", text)
        from ablate.backend.hardware import threads_restored  # imports PyTorch, which takes a while

        with threads_restored():
            record = train(config, folder, record)
    except Pruned as stop:
        record = pruned(record, stop.row)
    except BaseException as error:
        status: RecordedStatus = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        log.debug("%s\n%s", status, traceback.format_exc())  # to the run's log file; the terminal gets a sentence
        done = EpochCount(planned=record.planned_epochs, done=epochs.done(folder))
        run_record.write(folder, replace(record, status=status, error=sentence(error), epochs=done))
        raise
    seconds = replace(record.seconds or Seconds(), total=time.perf_counter() - started)
    record = replace(record, seconds=seconds)
    run_record.write(folder, record)
    checkpoints.remove(folder)
    log.info("%s: %s", record.status, os.path.relpath(folder))
    return record


def start(config: DictConfig, folder: Path, record: RunRecord) -> None:
    """Write the record of a starting run, and the code that trains it.

    Uncommitted changes go to `code.patch`, user modules to `own_code/`, and user option files to `options/`.
    """
    atomic.remove_parts(folder)
    resolved_config.write(folder, config)
    options.write(folder, HydraConfig.get())
    run_record.write(folder, record)
    (folder / "code.patch").unlink(missing_ok=True)  # of an earlier start
    if changes := provenance.patch():
        atomic.write_bytes(folder / "code.patch", changes)
    for name, content in user_code.sources(resolved(config)).items():
        (folder / "own_code" / name).parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(folder / "own_code" / name, content)


def train(config: DictConfig, folder: Path, record: RunRecord) -> RunRecord:
    """Train on the devices of the configuration; returns the record with the result.

    Resumes from a checkpoint in `folder` of the same configuration, code and images as in the `record`.
    """
    from ablate.training.devices.processes import devices_of  # imports PyTorch

    with devices_of(config, folder, record) as devices:
        return train_on(devices, config, folder, record)


def train_on(devices: "Devices", config: DictConfig, folder: Path, record: RunRecord) -> RunRecord:
    """Build the parts, fit them, write predictions and weights; returns the record with the result."""
    # Imported here so that help, a plan or a refused configuration does not wait for PyTorch and rich.
    from ablate.terminal.console import Terminal
    from ablate.training import device_errors, loop
    from ablate.training.checkpoint import Checkpoint
    from ablate.training.reporter import Reporter
    from ablate.training.results import write_results
    from ablate.training.set_up import set_up_run

    began = time.perf_counter()
    setup = set_up_run(config, folder, devices)
    parts, data, images = setup.parts, setup.data, setup.images
    if record.study and (others := other_images.of_study(folder, record, data.sha256)):
        log.warning("%s", others)
    seconds = Seconds(setup=time.perf_counter() - began)

    identity_of = {"config_sha256": record.config_sha256, "code_sha256": record.code_sha256, "data_sha256": data.sha256}
    checkpoint = Checkpoint(folder, identity_of, setup.environment.as_dict())
    info = LoggedRun(folder, record.study, record.variant, record.factors, flat(config), setup.first_batch)
    reporter = Reporter(loggers_of(config, info), Terminal(), config.trainer.epochs)
    result = None
    try:
        with device_errors.explained(parts, images, config.trainer, config.seed), checkpoint.in_background():
            fitted = loop.fit(parts, images, cast("Config", config), reporter, checkpoint)
        result = fitted.selected.row
    finally:
        reporter.close(result)
    environment = replace(setup.environment, earlier=checkpoint.earlier or None)
    return write_results(config, folder, replace(record, environment=environment, seconds=seconds), setup, fitted)


def pruned(record: RunRecord, row: Row) -> RunRecord:
    """The record of a run that a search ended after the epoch of this row: its metrics then, no weights."""
    return replace(
        record,
        status="pruned",
        epochs=EpochCount(planned=record.planned_epochs, done=int(row["epoch"])),
        metrics={name: row[name] for name in METRICS},
        selection="last",
    )


def loggers_of(config: DictConfig, run: LoggedRun) -> list[Logger]:
    """The loggers of a run: that of its configuration, and a search's own if the run is one of its trials."""
    # `run` is not an argument of instantiate, which converts the dataclasses that it gets.
    loggers = [instantiate(config.logger, _partial_=True, _convert_="all")(run)]
    if not all(hasattr(loggers[0], name) for name in ("log", "close")):
        raise returned.error("logger", config.logger.get("_target_"), loggers[0], "an object with log and close")
    if config.study.trial is not None:
        settings = HydraConfig.get()
        metric = named(config.study.metric)
        folder, trial = Path(settings.sweep.dir), config.study.trial
        loggers.append(Pruner(folder, trial, settings.sweeper, config.trainer.epochs, metric))
    return loggers
