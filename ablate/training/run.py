"""The one training entrypoint: config -> parts -> fit -> record."""

import io
import logging
import os
import time
import traceback
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ablate.config import Chosen, user_code, validate
from ablate.config.flatten import flat
from ablate.config.messages import sentence
from ablate.files import atomic
from ablate.logger import Logger, Run
from ablate.runs import provenance, record
from ablate.runs.identity import identity, study_position
from ablate.training.pruning import Pruned, Pruner

log = logging.getLogger(__name__)
METRICS = ("val_accuracy", "val_loss", "train_accuracy", "train_loss", "epoch")  # of an epoch's row, in the record


def run(config: DictConfig, folder: Path) -> dict[str, Any]:
    """Train the configuration in `folder` and return its record; whatever happens, `run.json` says how it ended."""
    started = time.perf_counter()
    atomic.remove_parts(folder)
    made_by = identity(config, folder)
    header = {"schema": record.SCHEMA, "status": "running", **made_by, "epochs": {"planned": config.trainer.epochs}}
    atomic.write_json(folder / "run.json", header)
    (folder / "code.patch").unlink(missing_ok=True)  # of the code that the run was begun with
    if changes := provenance.patch():
        atomic.write_bytes(folder / "code.patch", changes)
    for name, content in user_code.sources(OmegaConf.to_container(config, resolve=False)).items():
        (folder / "own_code" / name).parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(folder / "own_code" / name, content)
    try:
        validate(config, Chosen.of(HydraConfig.get()))
        from ablate.backend.hardware import threads_restored  # PyTorch, which a refused configuration does not wait for

        of = {name: made_by[name] for name in ("config_sha256", "code_sha256")}
        with threads_restored():
            outcome = train(config, folder, of, {name: made_by[name] for name in ("study", "variant", "factors")})
    except Pruned as stop:
        outcome = pruned(config, stop.row)
    except BaseException as error:
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        log.debug("%s\n%s", status, traceback.format_exc())  # to the run's log file; the terminal gets a sentence
        ending = {"status": status, "error": sentence(error)}
        atomic.write_json(folder / "run.json", {**header, **ending})
        raise
    outcome["seconds"]["total"] = time.perf_counter() - started
    atomic.write_json(folder / "run.json", {**header, **outcome})
    record.remove_checkpoints(folder)
    log.info("%s: %s", outcome["status"], os.path.relpath(folder))
    return outcome


def train(
    config: DictConfig, folder: Path, made_by: dict[str, str], position: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Build the parts, fit them, write predictions and weights; returns what the run's record says of it.

    A checkpoint in `folder` that was also `made_by` this configuration and code, of the same images, is gone on with.
    Loggers receive the run's `position` in a study (`study_position`).
    """
    # Imported here so that help, a plan or a refused configuration does not wait for PyTorch.
    import numpy as np
    import torch

    from ablate.backend.hardware import peak_memory
    from ablate.data.batches import resident
    from ablate.terminal.progress import Terminal
    from ablate.training import device_errors, loop
    from ablate.training.checkpoint import Checkpoint
    from ablate.training.first_batch import samples
    from ablate.training.parts import multiply_accumulates, set_up

    began = time.perf_counter()
    trainer = config.trainer
    parts, data, device, precision = set_up(config)
    images = resident(data, device)
    with device_errors.explained(parts, images, trainer, config.seed):
        macs = multiply_accumulates(parts.model, parts.pixels, images.images[:1])
    looked_at = samples(parts.augment, images, trainer.batch_size, config.seed)
    atomic.write_bytes(folder / "samples.npz", looked_at, durable=False)
    ready = time.perf_counter()

    first = np.load(io.BytesIO(looked_at))["images"]
    told = Run(folder, **(position or study_position(None, folder)), settings=flat(config), images=first)
    loggers = watchers(config, told)
    environment = provenance.environment(device.type, precision)
    console, checkpoint = Terminal(), Checkpoint(folder, {**made_by, "data_sha256": data.sha256}, environment)
    result = None
    try:
        with device_errors.explained(parts, images, trainer, config.seed):
            selected, rows, diverged = loop.fit(parts, images, trainer, config.seed, loggers, console, checkpoint)
        result = selected.row
    finally:
        for logger in loggers:
            logger.close(result)
    fitted = time.perf_counter()

    np.savez_compressed(
        predictions := io.BytesIO(),
        index=data.val_index,
        label=data.val.labels.numpy(),
        logits=selected.val_logits.numpy().astype(np.float16),
    )
    atomic.write_bytes(folder / "val_predictions.npz", predictions.getvalue())
    torch.save(selected.weights, weights := io.BytesIO())
    atomic.write_bytes(folder / "model.pt", weights.getvalue())
    return {
        "status": "diverged" if diverged else "completed",
        "environment": {**environment, **({"earlier": checkpoint.earlier} if checkpoint.earlier else {})},
        "data_sha256": data.sha256,
        **data.inputs.as_record(),
        "epochs": {"planned": trainer.epochs, "done": len(rows)},
        "seconds": {
            "setup": ready - began,
            "train": sum(row["seconds"] for row in rows),
            "write": time.perf_counter() - fitted,
        },
        "peak_memory": peak_memory(device),
        "parameters": sum(p.numel() for p in parts.model.parameters()),
        "macs": macs,
        "metrics": {name: selected.row[name] for name in METRICS},
        "selection": trainer.selection,
        "error": None,
    }


def pruned(config: DictConfig, row: dict[str, float]) -> dict[str, Any]:
    """What the record says of a run that a search ended after the epoch of this row: its figures then, no weights."""
    return {
        "status": "pruned",
        "epochs": {"planned": config.trainer.epochs, "done": row["epoch"]},
        "seconds": {},
        "metrics": {name: row[name] for name in METRICS},
        "selection": "last",
        "error": None,
    }


def watchers(config: DictConfig, told: Run) -> list[Logger]:
    """The loggers of a run: that of its configuration, and a search's own if the run is one of its trials."""
    # As a partial, called here: Hydra would take `told` apart.
    loggers = [instantiate(config.logger, _partial_=True, _convert_="all")(told)]
    if config.study.trial is not None:
        settings = HydraConfig.get()
        loggers.append(Pruner(Path(settings.sweep.dir), config.study.trial, settings.sweeper, config.trainer.epochs))
    return loggers
