"""What a trained run leaves: its weights, its validation predictions, and the record of its result."""

import io
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from msgspec.structs import replace
from omegaconf import DictConfig
from torch import Tensor

from ablate.backend.hardware import peak_memory
from ablate.data.prepare import Prepared
from ablate.evaluation import predicted_metrics
from ablate.evaluation.epoch_selection import reporting_half
from ablate.evaluation.trained_model import recorded_inputs
from ablate.files import atomic
from ablate.runs import predictions
from ablate.runs.metric import ACCURACY
from ablate.runs.record_parts import EpochCount, ImageCounts, PeakMemory, Seconds
from ablate.runs.run_record import METRICS, RunRecord
from ablate.training.loop import Fitted, Selected
from ablate.training.set_up import RunSetUp
from ablate.training.teacher_images import seen_by_teacher


def write_results(config: DictConfig, folder: Path, record: RunRecord, setup: RunSetUp, fitted: Fitted) -> RunRecord:
    """Write the files of the selected epoch; returns the record with the result.

    Args:
        config: of the run.
        folder: of the run.
        record: with the environment and the seconds of the set-up.
        setup: what the run was trained with.
        fitted: its epochs.
    """
    began, data, selected = time.perf_counter(), setup.data, fitted.selected
    half = reporting_half(data.val.labels, config.trainer.selection, config.data.split_seed, data.val.groups)
    reporting = half.numpy()
    write_files(folder, data, selected, reporting)
    names = [config.study.metric, *config.study.secondary]
    further = further_metrics(names, data.val.labels, selected.val_logits, reporting)
    return replace(
        record,
        status="diverged" if fitted.diverged else "completed",
        data_sha256=data.sha256,
        classes=list(data.inputs.classes),
        inputs=recorded_inputs(data.inputs),
        images=image_counts(data, reporting),
        epochs=EpochCount(planned=config.trainer.epochs, done=len(fitted.rows)),
        seconds=replace(
            record.seconds or Seconds(),
            train=sum(row["seconds"] for row in fitted.rows),
            write=time.perf_counter() - began,
        ),
        peak_memory=PeakMemory(**peak_memory(setup.device)),
        parameters=sum(p.numel() for p in setup.parts.model.parameters()),
        macs=setup.macs,
        metrics={name: selected.row[name] for name in METRICS} | further,
        selection=config.trainer.selection,
        monitor=monitor_of(config.trainer),
        seen_by_teacher=seen_by_teacher(config, data) or None,
    )


def image_counts(data: Prepared, reporting: np.ndarray) -> ImageCounts:
    """The numbers of images; `reporting`, bool (N,), marks the validation images that give the run's metrics."""
    return ImageCounts(
        training=len(data.train_index),
        validation=len(reporting),
        selection=int((~reporting).sum()),
        evaluation=int(reporting.sum()),
        split=data.split_kind,
    )


def monitor_of(trainer: DictConfig) -> str | None:
    """The metric that selected the epoch, if one did and it is not the accuracy."""
    is_other = trainer.selection == "best_val" and trainer.monitor != ACCURACY.name
    return trainer.monitor if is_other else None


def write_files(folder: Path, data: Prepared, selected: Selected, reporting: np.ndarray) -> None:
    """Write the weights and the validation predictions of the selected epoch.

    Where only some of the images give the run's metrics, `reporting`, bool (N,), marks them in val_predictions.npz.
    """
    predictions.write(folder, data.val_index, data.val.labels.numpy(), selected.val_logits.numpy(), reporting)
    predictions.check(folder, selected.row["val_accuracy"])
    torch.save(selected.weights, weights := io.BytesIO())
    atomic.write_bytes(folder / "model.pt", weights.getvalue())


def further_metrics(names: Sequence[str], labels: Tensor, logits: Tensor, reporting: np.ndarray) -> dict[str, float]:
    """Metrics that follow from the validation predictions and that metrics.csv lacks; those of `names`."""
    known = {name: predicted_metrics.METRICS[name] for name in names if name in predicted_metrics.METRICS}
    arrays = labels.numpy()[reporting], logits.numpy()[reporting]
    return {name: metric(*arrays) for name, metric in known.items()}
