"""Report text on the data set of a study, and on the images and epoch of the reported metrics."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf

from ablate.analysis.chance import majority_baseline
from ablate.analysis.formats import significant
from ablate.analysis.results import Results
from ablate.runs.metric import ACCURACY, named
from ablate.runs.read_config import read_config
from ablate.runs.record_parts import ImageCounts
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

IMBALANCED = 1.5  # times the share of a class among balanced ones


class Selection(NamedTuple):
    """How a run's epoch was selected (`trainer.selection`, and `monitor` of the record), and the images by use."""

    rule: str | None
    images: ImageCounts | None
    monitor: str | None = None

    @property
    def best(self) -> str:
        """What the selected epoch has: `the highest accuracy`."""
        metric = named(self.monitor) if self.monitor else ACCURACY
        return f"the {'highest' if metric.sign > 0 else 'lowest'} {metric.label.removeprefix('validation ')}"


def data(results: Results) -> list[str]:
    """The data set of the first completed run: images, classes, size; a paragraph, empty if nothing is recorded."""
    for folder, record in results.records:
        parts = []
        if record.images:
            parts.append(f"{record.images.training:,} training and {record.images.validation:,} validation images")
        if record.classes:
            parts.append(f"{len(record.classes)} classes")
        if record.inputs:
            size = record.inputs.image_size
            parts.append(f"{size} × {size} pixels, {plural(record.inputs.channels, 'channel')}")
        name, split = _data_set(results, folder, record.images.split if record.images else "stratified")
        text = ", ".join([*name, *parts])
        if text:
            return [f"Data: {text}{split}."]
    return []


def _data_set(results: Results, folder: str, kind: str) -> tuple[list[str], str]:
    """The name of the data set, and how it was split, from the configuration of a run; empty if it has none."""
    try:
        settings = read_config(results.folder / folder).data
        folders = results.runs.loc[results.runs["status"] == "completed", "folder"].head(2)
        seeds = {read_config(results.folder / one).data.split_seed for one in folders}
        split = _split(kind, settings, another=len(seeds) > 1)
        if (limit := settings.get("train_limit")) is not None:
            split += (
                f", and training was limited to {limit:,} of the {'training images' if kind == 'fixed' else 'others'}"
            )
        name = settings._target_.rpartition(".")[2]
        if name in ("medmnist", "huggingface"):
            name = str(settings.name or Path(str(settings.root)).name)
        if name in ("image_folder", "table"):
            content: Any = OmegaConf.to_container(settings, resolve=False)
            place = f"{content['file']} of the " if name == "table" else ""
            name = f"{place}image folder {Path(str(content['root'])).name}".rstrip()
        return [name], split
    except (InputError, AttributeError, KeyError, ValueError, TypeError):
        return [], ""


def _split(kind: str, settings: Any, another: bool) -> str:
    """How the validation images were chosen; `another`: with another split for each seed."""
    if kind == "fixed":
        return "; the data set has its own validation images"
    drawn = f"split seed {settings.split_seed}"
    if another:
        drawn = "another split for each seed, so that tables of single images and classes are left out"
    whole = "about " if kind == "grouped" else ""
    groups = f", by groups of {settings.group}" if kind == "grouped" else ""
    share = f"{whole}{100 * settings.val_fraction:g} %"
    return f"; {share} of the training images were held out for validation{groups} ({drawn})"


def evaluated(results: Results) -> str:
    """Paragraph on the epoch and images of the reported metrics; one sentence per kind of run if they differ."""
    if not results.records:
        return "Each run gives one value of the metric, which the study compares."
    kinds = Counter(Selection(record.selection, record.images, record.monitor) for _, record in results.records)
    texts = {kind: _evaluated(kind, results.images) for kind in kinds}
    if len(set(texts.values())) < 2:
        return next(iter(texts.values()), "Accuracies are of the validation images.") + _majority(results)
    return "The accuracies of the runs are computed on different images or epochs. " + " ".join(
        f"{plural(kinds[kind], 'run')}: {text}" for kind, text in texts.items()
    )


def _evaluated(kind: Selection, predicted: int | None) -> str:
    """The epoch and the images of one kind of run; `predicted` images have stored predictions."""
    counts = kind.images
    count = counts.evaluation if counts else predicted
    step = f": one run's accuracy changes in steps of {significant(100 / count, 2)} points" if count is not None else ""
    number = f"{count:,} " if count is not None else ""
    if kind.rule == "best_val" and counts and counts.selection:
        return (
            f"The epoch of each run is the one with {kind.best} on {counts.selection:,} of the"
            f" {counts.validation:,} validation images. Accuracies, losses and predictions are those of this epoch on"
            f" the other {number}validation images{step}. Learning curves are of all validation images."
        )
    if kind.rule == "best_val":
        return (
            f"The epoch of each run is the one with the highest accuracy on the {number}validation images, and its"
            " accuracy is this maximum: it is too high, by more for a variant whose accuracy varies more between"
            f" epochs, so that an equal variant may be called better{step}."
        )
    epoch = "the last epoch and " if kind.rule == "last" else ""
    return f"Except for test accuracies, tables and figures are of {epoch}{number}validation images{step}."


def _majority(results: Results) -> str:
    """The metric of predicting the most common class, where classes are imbalanced; else an empty text."""
    if results.predicted is None:
        return ""
    name, known = majority_baseline(results.predicted)
    if known[ACCURACY.name] * len(results.predicted.classes) < IMBALANCED:
        return ""
    shown = [metric for metric in dict.fromkeys([ACCURACY.name, results.metric.name]) if metric in known]
    values = " and ".join(f"{named(metric).text(known[metric])} {named(metric).label}" for metric in shown)
    return f" Majority-class baseline (always predict {name}): {values}."
