"""`run.json`: the self-describing record of a run."""

import os
from pathlib import Path
from typing import Any

import msgspec

from ablate.files import atomic, bounded
from ablate.runs import json_file
from ablate.runs.json_file import Count, Record, Whole
from ablate.runs.record_parts import Environment, EpochCount, GitState, ImageCounts, Inputs, PeakMemory, Seconds
from ablate.runs.statuses import RESULTS, RecordedStatus
from ablate.runs.valid_names import is_inside
from ablate.terminal.errors import InputError

FILE = "run.json"
# A hundred times what a run writes; 30,000 classes have their names.
LARGEST = json_file.Limit(4 * bounded.MIB, 2**16)
# Of the selected epoch. Accuracies are fractions.
METRICS = ("val_accuracy", "val_loss", "train_accuracy", "train_loss", "epoch")
Metrics = dict[str, Whole | float | None]


class RunRecord(Record, frozen=True, kw_only=True):
    """The content of run.json.

    Attributes:
        schema: version of the format.
        status: how the run ended, or `running`.
        app: the script of another Hydra app that it is a run of; None: `ablate train`.
        study, variant, factors: its place in a study; None and empty for a single run.
        seed: its random seed.
        config_sha256, code_sha256, data_sha256: hashes of its configuration, of the code of ablate, of its images.
        settings_sha256: hash of its configuration without the seed, equal for all runs of a variant.
        own_code: SHA-256 of each file of the user's own modules.
        weights: SHA-256 of each file of weights that the configuration names, by the key that names it.
        git: the commit of the code.
        rerun: the command that retrains it.
        epochs: planned and done.
        environment: versions and hardware.
        classes, inputs: names of the classes, and the model's input.
        images: numbers of images by use; None in a run of an earlier version.
        seconds, peak_memory: time of each phase, and memory in MiB.
        parameters: number of the model's parameters.
        macs: multiply-accumulate operations of one image's forward pass.
        metrics: of the selected epoch, by name; accuracies are fractions.
        selection: which epoch was selected (`trainer.selection`).
        monitor: the metric that selected it (`trainer.monitor`); None for the accuracy, and for the last epoch.
        seen_by_teacher: number of its validation images that its teacher was trained on (`loss=distillation`).
        error: why it failed, a sentence.
    """

    schema: int = json_file.SCHEMA
    status: RecordedStatus
    app: str | None = None
    study: str | None = None
    variant: str | None = None
    factors: dict[str, str] = msgspec.field(default_factory=dict)
    seed: Count | None = None
    config_sha256: str | None = None
    settings_sha256: str | None = None
    code_sha256: str | None = None
    own_code: dict[str, str] = msgspec.field(default_factory=dict)
    weights: dict[str, str] | None = None
    git: GitState | None = None
    rerun: str | None = None
    epochs: EpochCount | None = None
    environment: Environment | None = None
    data_sha256: str | None = None
    classes: list[str] | None = None
    inputs: Inputs | None = None
    images: ImageCounts | None = None
    seconds: Seconds | None = None
    peak_memory: PeakMemory | None = None
    parameters: Whole | None = None
    macs: Whole | None = None
    metrics: Metrics | None = None
    selection: str | None = None
    monitor: str | None = None
    seen_by_teacher: Count | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        """Refuse a file of user code that is not below the folder of the run, because it would be read."""
        for name in self.own_code:
            if not is_inside(name):
                raise ValueError(f"own_code has the file {name!r:.80}, expected a path inside the run folder")

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of the files that it read besides its images: user code, and weights."""
        return {**self.own_code, **(self.weights or {})}

    @property
    def has_result(self) -> bool:
        """True if the run completed, diverged or was pruned."""
        return self.status in RESULTS

    @property
    def val_accuracy(self) -> float | None:
        """Validation accuracy of the selected epoch, a fraction."""
        return (self.metrics or {}).get("val_accuracy")

    @property
    def planned_epochs(self) -> int | None:
        """Number of planned epochs."""
        return self.epochs.planned if self.epochs else None

    @property
    def done_epochs(self) -> int | None:
        """Number of completed epochs."""
        return self.epochs.done if self.epochs else None

    @property
    def total_seconds(self) -> float | None:
        """Wall-clock time of the whole run."""
        return self.seconds.total if self.seconds else None

    @property
    def commit(self) -> str | None:
        """The commit of the code; None if it was not a checkout."""
        return self.git.commit if self.git else None


# Not in run.json until they have a value; after a result, `error` is always there.
LATER = ("weights", "environment", "data_sha256", "classes", "inputs", "images", "seconds", "peak_memory", "parameters",
         "macs", "metrics", "selection", "monitor", "seen_by_teacher", "error")  # fmt: skip
ADVICE = "Retrain the run."


def as_dict(record: RunRecord) -> dict[str, Any]:
    """The content of run.json. The keys of `LATER` are omitted until they have a value."""
    content: dict[str, Any] = msgspec.to_builtins(record)
    if record.environment:
        content["environment"] = record.environment.as_dict()
    optional = set(LATER) - ({"error"} if record.has_result else set())
    return {key: value for key, value in content.items() if value is not None or key not in optional}


def write(folder: Path, record: RunRecord) -> None:
    """Write run.json into a run's folder, whole or not at all."""
    atomic.write_json(folder / FILE, as_dict(record))


def read(folder: Path) -> RunRecord:
    """The record of the run in `folder`; InputError if there is none, or it is not valid."""
    path = Path(folder) / FILE
    if (Path(folder) / "study.json").exists() and not os.path.lexists(path):
        raise InputError(f"{folder} is a study. Pass one of its runs, such as {folder}/baseline/seed=0.")
    return json_file.read(path, RunRecord, "a run folder", LARGEST, ADVICE)


def read_own(folder: Path) -> RunRecord:
    """The record of a run of `ablate train`; InputError also for one of another Hydra app, whose network is unknown."""
    record = read(folder)
    if record.app is not None:
        raise InputError(
            f"{folder} is a run of another app, {record.app or 'of an unknown name'}, and not of `ablate train`."
            " `ablate plan`, `report`, `status`, `watch` and `diff` read it."
        )
    return record
