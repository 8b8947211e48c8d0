"""The schema of all options: one dataclass per group, with a subclass for each option that has its own keys.

OmegaConf checks types while Hydra composes a configuration; `ablate.config.validate` checks ranges and each `check()`.
"""

import dataclasses
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Optional

from omegaconf import MISSING

from ablate.config.field import value
from ablate.config.quoting import quoted, shell_word
from ablate.config.schema import images, launch, network, optimizer, submission, training
from ablate.config.schema.images import CLASSES, DataSettings
from ablate.config.schema.network import Activation, External, Model, Normalization
from ablate.config.schema.optimizer import Optimizer, ScheduleFree
from ablate.config.schema.training import Logger, Loss, Schedule, Trainer
from ablate.terminal.text import plural

MOST_BYTES = 120  # of a folder name in UTF-8; file systems allow 255


@dataclass
class StudySettings:
    """A study: its variants and its folder."""

    prefix = "study"  # of its keys on the command line

    name: str = value("name of the study, and of its folder in outputs/")
    design: str = value(
        "how variants are chosen from all combinations of levels",
        choices=(
            "factorial",
            "one_at_a_time",
            "pairwise",
            "cumulative",
            "random",
            "fractional",
            "plackett_burman",
            "path",
        ),
    )
    resolution: Optional[int] = value("least resolution of the fractional design; null: 4", low=3, high=5)
    foldover: Optional[str] = value(
        "add the runs of a fraction with the other level of this factor, or of all factors (all)"
    )
    draws: Optional[int] = value("number of variants of the random design, including the baseline", low=1)
    draw_seed: int = value("seed of the random design", low=0, below=2**63)
    of: Optional[str] = value(
        "finished study or search (folder, or name in outputs/) whose best configuration is the baseline; the factors"
        " are what it changes"
    )
    block: Optional[str] = value("compare variants separately within each level of this factor, such as data")
    bundles: dict[str, dict[str, list[str]]] = value("factors whose levels are groups of overrides")
    stages: list[int] = value("numbers of seeds after which decided variants stop, such as [3,5,8]; []: no stages")
    tune: Any = value(
        "settings tuned for each variant, such as {optimizer.lr: [0.01,0.1]}, with a list or an interval per key"
    )
    tune_trials: Optional[int] = value("number of random settings per variant; null: all combinations", low=2)
    tune_seeds: list[int] = value("seeds of the tuning runs, apart from those of the study")
    exclude: list[dict[str, Any]] = value("variants to exclude: all that contain these levels, {factor: level, ...}")
    metric: str = value(
        "metric in which variants are compared: val_accuracy, val_loss, val_balanced_accuracy, val_macro_f1,"
        " val_worst_class_accuracy, val_auroc, val_top5_accuracy, val_nll, val_ece, train_accuracy or train_loss"
    )
    secondary: list[str] = value("further metrics, reported as exploratory")
    margin: Optional[float] = value(
        "equivalence margin in the metric's unit (percentage points of accuracies); null: no equivalence test", above=0
    )
    trial: Optional[int] = value("trial number of this run in a search (hydra/sweeper=optuna)", low=0)
    extend: bool = value("add levels or seeds to an existing study (--extend)")
    retrain: bool = value("move finished runs with other settings to .replaced/ and retrain them (--retrain)")

    def check(self) -> None:
        if not re.fullmatch(r"\w[\w.+=-]*", self.name) or len(self.name.encode()) > MOST_BYTES:
            near = re.sub(r"[^\w.+=-]+", "_", unicodedata.normalize("NFC", self.name)).lstrip(".+=-")
            near = near.encode()[:MOST_BYTES].decode(errors="ignore") or "name"
            raise ValueError(
                f"study.name={self.name} must be a folder name: letters, digits and . _ + = - without spaces, at most"
                f" {MOST_BYTES} bytes. Type {shell_word(f'study.name={quoted(near)}')}"
            )
        if (self.design == "random") != (self.draws is not None):
            raise ValueError(
                "study.draws=N, the number of variants, is required for study.design=random"
                " and invalid for other designs"
            )


@dataclass
class Config:
    """The complete configuration of a run."""

    seed: int = value("random seed, which determines all randomness of a run", low=0, below=2**63)
    data: DataSettings = MISSING
    model: Model = MISSING
    normalization: Normalization = MISSING
    activation: Activation = MISSING
    augmentation: dict[str, Any] = field(default_factory=dict)
    optimizer: Optimizer = MISSING
    schedule: Schedule = MISSING
    loss: Loss = MISSING
    trainer: Trainer = MISSING
    logger: Logger = MISSING
    study: StudySettings = MISSING

    def check(self) -> None:
        """Raise ValueError for a contradiction between groups."""
        if self.schedule.warmup_epochs >= self.trainer.epochs:
            raise ValueError(
                f"schedule.warmup_epochs={self.schedule.warmup_epochs:g} must be below "
                f"trainer.epochs={self.trainer.epochs}"
            )
        if self.trainer.batch_size < self.trainer.devices:
            raise ValueError(
                f"trainer.batch_size={self.trainer.batch_size} has fewer images than"
                f" trainer.devices={self.trainer.devices}, each of which trains on a part of a batch"
            )
        if isinstance(self.optimizer, ScheduleFree) and (self.trainer.ema, self.trainer.swa_start) != (None, None):
            raise ValueError(
                "optimizer=schedule_free evaluates its own average of the weights: trainer.ema and trainer.swa_start"
                " must be null"
            )
        native = {"normalization": self.normalization._target_, "activation": self.activation._target_}
        for group, target in native.items():
            is_native = target == f"ablate.{group}.native"
            if isinstance(self.model, External) and self.model.weights is not None and not is_native:
                raise ValueError(
                    f"model.weights={self.model.weights} needs {group}=native: weights are for the layers that they"
                    f" were trained with. Use normalization=native activation=native, or model.weights=null"
                )
            if self.model._target_.startswith("ablate.") and not isinstance(self.model, External) and is_native:
                raise ValueError(f"{group}=native is for model=timm and model=torchvision. Choose another {group}")
        if isinstance(self.model, External) and self.model.head_warmup_epochs >= self.trainer.epochs:
            raise ValueError(
                f"model.head_warmup_epochs={self.model.head_warmup_epochs} must be below "
                f"trainer.epochs={self.trainer.epochs}"
            )
        _, *later = self.augmentation or [""]
        if getattr(self.data, "resize", "square") == "shorter" and "random_resized_crop" in later:
            raise ValueError(
                f"augmentation=[{','.join(self.augmentation)}] would cut random_resized_crop from center crops, not"
                " from the whole photographs of data.resize=shorter. Place random_resized_crop first"
            )
        weights, classes = getattr(self.loss, "class_weights", None), CLASSES.get(self.data._target_)
        if isinstance(weights, list) and classes is not None and len(weights) != classes:
            raise ValueError(
                f"loss.class_weights has {plural(len(weights), 'weight')}, but the data has {classes} classes"
            )


def nodes() -> dict[str, type]:
    """Return all dataclasses of the schema by name."""
    whole = {"StudySettings": StudySettings, "Config": Config}
    parts = (vars(images), vars(network), vars(optimizer), vars(training), vars(launch), vars(submission), whole)
    return {name: kind for part in parts for name, kind in part.items() if dataclasses.is_dataclass(kind)}
